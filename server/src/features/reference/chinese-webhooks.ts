/** What the reference says of webhooks, in Traditional Chinese (Taiwan). */
export const CHINESE_WEBHOOKS: Readonly<Record<string, string>> = {
  Webhooks: 'Webhook',
  'Addresses that are told of runs that ended or wait, and of shares. You hear of runs of the assistants you own, whoever runs them, and of your own runs.':
    '在 run 結束或等待、以及助理被分享時收到通知的網址。您會收到自己擁有的助理的 run（不論由誰執行），以及您自己的 run。',
  'Create a webhook': '建立 webhook',
  'Up to 20 a person. The answer has the secret that deliveries are signed with; it is not shown again.':
    '每人最多 20 個。回應含有簽署通知用的密鑰，之後不再顯示。',
  'List webhooks': '列出 webhook',
  'Your webhooks.': '您的 webhook。',
  'Read a webhook': '讀取 webhook',
  'With its last delivery.': '包含最近一次傳送的狀態。',
  'Change a webhook': '修改 webhook',
  'While it is paused nothing new is kept for it; what was pending goes on when it does.':
    '暫停期間不會留下新的通知；原本待傳送的會在恢復後繼續。',
  'Delete a webhook': '刪除 webhook',
  'Its deliveries go with it.': '傳送紀錄會一併刪除。',
  'Make a new secret': '更換密鑰',
  'The answer has it; it is not shown again. For 24 hours deliveries carry a signature by the old one as well.':
    '回應含有新密鑰，之後不再顯示。24 小時內，通知也會附上以舊密鑰產生的簽章。',
  'Try a webhook': '測試 webhook',
  'Sends a `webhook.test`. The answer comes before it is delivered.':
    '送出一個 `webhook.test`。回應時尚未送達。',
  'List deliveries': '列出傳送紀錄',
  'Of the last 30 days.': '最近 30 天的紀錄。',
  'Read a delivery': '讀取傳送紀錄',
  'How far it has come.': '目前的傳送狀態。',
  'Deliver again': '重新傳送',
  'The same body with the same `webhook-id`, at once, and with eight tries again.':
    '立即以相同的內容與相同的 `webhook-id` 重送，並重新計算八次嘗試。',
  'Of the webhook.': 'webhook 的 id。',
  'Of the delivery.': '傳送紀錄的 id。',
  'On the public internet, or on the operator’s list of internal hosts.':
    '必須位於公開網際網路，或在營運者允許的內部主機清單上。',
  'What to be told of.': '要收到哪些通知。',
  'The only assistant to hear of; null for every one.': '只接收這個助理的通知；null 表示全部。',
  'Its owner, or its own server by answering 410.': '由擁有者暫停，或因其伺服器回應 410 而暫停。',
  '`whsec_` and the key in base64.': '`whsec_` 加上 base64 格式的密鑰。',
  'Also the header `webhook-id`, the same at each try.':
    '也是標頭 `webhook-id` 的值，每次嘗試都相同。',
  'Tries whose outcome is known, of eight.': '已有結果的嘗試次數，最多八次。',
  'Of the last answer; null when there was none.': '最近一次回應的狀態碼；沒有回應時為 null。',
  'Why the last try failed.': '最近一次嘗試失敗的原因。',
  'Unix seconds; null at rest, and while paused.': 'Unix 秒數；沒有待送或暫停時為 null。',
}
