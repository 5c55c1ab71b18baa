import { shellWord } from './env-file.ts'

const QUESTION = '{"role":"user","content":"Hello! Who are you, and what can you do?"}'

/** What a person reads after a start that has a key and a sample assistant ready. */
export const howToGoOn = (baseUrl: string, envFile: string): string => `
Melzi serves the Assistants API at ${baseUrl}

Try it in a second shell:

  . ${shellWord(envFile)}
  curl -sN "$BASE_URL/threads/runs" -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \\
    -d '{"assistant_id":"'$ASSISTANT_ID'","stream":true,"thread":{"messages":[${QUESTION}]}}'

The file holds the address, a key and the id of a sample assistant with two plugins. Change the base URL and the key of any program
that speaks the Assistants API to them, and it talks to this server.
More keys, assistants and plugins: npx melzi --help. Is something missing: npx melzi doctor.
`

/** What the operator reads while the first owner has no account yet. @param link good once, until the next start */
export const howToSetUp = (link: string): string => `
Set up this server in a browser (this link works once, until the next start):

  ${link}
`

/** What a person reads after a start without a quickstart. */
export const howToMakeAKey = (baseUrl: string): string => `
Melzi serves the Assistants API at ${baseUrl}

Make a key with:  npx melzi key create
(with the same MELZI_DATA or DATABASE_URL as this server). The first key on an empty store also makes the workspace and its owner.
More: npx melzi --help. Is something missing: npx melzi doctor.
`
