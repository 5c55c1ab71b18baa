import { assistantPart } from './assistants.ts'
import { filePart, uploadPart } from './files.ts'
import { keyPart } from './keys.ts'
import { messagePart } from './messages.ts'
import { modelPart, passthroughPart } from './models.ts'
import type { Part } from './operation.ts'
import { assistantPluginPart, pluginPart } from './plugins.ts'
import { groupPart, invitationPart, personPart } from './people.ts'
import { pluginSecretPart, pluginTestPart, pluginVersionPart } from './plugin-work.ts'
import { auditPart, dataRightsPart, feedbackPart } from './records.ts'
import { runStepPart } from './run-steps.ts'
import { runPart } from './runs.ts'
import { pluginApiPart, serverPart } from './server.ts'
import { shareLinkPart, sharingPart } from './sharing.ts'
import { signInPart } from './sign-in.ts'
import { threadPart } from './threads.ts'
import { limitPart, pricePart, usagePart } from './usage.ts'
import { storeFilePart, vectorStorePart } from './vector-stores.ts'
import { webhookPart } from './webhooks.ts'

/** Every operation of the wire, by tag, in the order of the page at /docs. A route without a row here fails the tests. */
export const PARTS: readonly Part[] = [
  assistantPart,
  sharingPart,
  shareLinkPart,
  threadPart,
  messagePart,
  runPart,
  runStepPart,
  filePart,
  uploadPart,
  vectorStorePart,
  storeFilePart,
  pluginPart,
  pluginVersionPart,
  pluginSecretPart,
  pluginTestPart,
  assistantPluginPart,
  pluginApiPart,
  keyPart,
  modelPart,
  passthroughPart,
  personPart,
  groupPart,
  invitationPart,
  feedbackPart,
  auditPart,
  dataRightsPart,
  signInPart,
  usagePart,
  pricePart,
  limitPart,
  webhookPart,
  serverPart,
]
