/** What the reference says of API keys in Traditional Chinese (Taiwan), by what it is in English. */
export const CHINESE_KEYS: Readonly<Record<string, string>> = {
  'API keys': 'API 金鑰',
  'Any number for each person, each with what it may, where from, how long and how much. A key’s text is shown once. Keys that are limited or bound themselves manage none.':
    '每個人要幾把都可以，各自設定可以做什麼、從哪裡呼叫、到何時、用多少。金鑰的內容只顯示一次。本身受限的金鑰不能管理金鑰。',
  'List keys': '列出金鑰',
  'Yours; admins may ask for those of another person.': '您的金鑰；管理員可以查看其他人的。',
  'Make a key': '建立金鑰',
  'The answer is the only one that holds its text.': '只有這次的回應含有金鑰的內容。',
  'Read a key': '讀取金鑰',
  'Without its text.': '不含金鑰的內容。',
  'Change a key': '修改金鑰',
  'What is left out stays. What is changed holds from the next request on, on every node. Admins may pause the keys of others, and change nothing else of them.':
    '沒有送出的欄位不變。修改從下一個請求起在每個節點生效。管理員可以暫停別人的金鑰，但不能改其他設定。',
  'Delete a key': '刪除金鑰',
  'The very next request with it is refused, on every node. What was made with it stays with its person.':
    '用它發出的下一個請求就會被拒絕，每個節點都一樣。用它建立的東西仍屬於它的主人。',
  'Renew a key': '更換金鑰',
  'The same key with another text; the old text is refused at once.':
    '同一把金鑰換成新的內容；舊的內容立刻失效。',
  'Read a key’s usage': '讀取金鑰的用量',
  'What it has used, and what is left of its limits.': '已經用了多少，以及各項上限還剩多少。',
  'List the keys that share an assistant': '列出分享助理的金鑰',
  'For the assistant’s owner. Deleting one takes the service back.':
    '給助理的擁有者。刪除其中一把，就收回這項服務。',
  'Make a key that shares an assistant': '建立分享助理的金鑰',
  'Whoever has it may talk to this assistant and do nothing else. It may be in many hands: it lists nothing, and who knows no thread’s id sees no thread.':
    '有這把金鑰的人可以和這個助理對話，其他都不能做。它可能在許多人手上：不能列出任何東西，不知道 thread 的 id 就看不到那個 thread。',
  'For admins: whose keys.': '給管理員：誰的金鑰。',
  'How its text begins.': '金鑰內容的開頭。',
  'How its text ends.': '金鑰內容的結尾。',
  'Unix seconds, to the minute; null when it was never used.':
    'Unix 秒數，精確到分鐘；沒有用過時為 null。',
  'Unix seconds from which on it is refused; null: never.':
    '從這個 Unix 秒數起失效；null 表示不會到期。',
  'It is refused until it goes on.': '暫停中，恢復前一律拒絕。',
  'The only assistants it reaches; null: all that its person may use.':
    '只能使用這些助理；null 表示主人能用的全部。',
  '`use`: only talk to assistants. `manage`: whatever its person may.':
    '`use`：只能和助理對話。`manage`：主人能做的都可以。',
  'Of pages that may call with it; null: of all. It keeps browsers from using it in other pages, and no other program from anything.':
    '可以用它呼叫的網頁來源；null 表示不限。這能防止瀏覽器在其他網頁使用它，擋不住其他程式。',
  'Null: no limit.': 'null 表示沒有上限。',
  'The assistant that it hands to others; null for other keys.':
    '這把金鑰分享的助理；其他金鑰為 null。',
  'Whom it speaks for.': '金鑰代表的人。',
  'The minute begins with its first request. Past it: 429.':
    '一分鐘從第一個請求開始計算。超過時回應 429。',
  'Of prompts and answers, by the UTC day.': '提示與回答的合計，以 UTC 日計算。',
  'In the workspace’s currency, by the UTC month.': '以工作區的幣別，按 UTC 月計算。',
  'Its text. Keep it: no other answer holds it.': '金鑰的內容。請自行保存，其他回應不會再出現。',
  'Where clients find this server.': '用戶端連到本伺服器的位址。',
  'Programs that talk to the assistant, in English and in Traditional Chinese, with the key in them: ready to run.':
    '和助理對話的程式，英文與正體中文各一份，已填好金鑰，可以直接執行。',
  'Of the key.': '金鑰的 id。',
}
