/** What the reference says of usage, prices and limits in Traditional Chinese (Taiwan), by what it is in English. */
export const CHINESE_USAGE: Readonly<Record<string, string>> = {
  Usage: '用量',
  'What was used and what it cost: each model call, plugin call and embedding once. Days and months are UTC.':
    '用了什麼、花了多少：每一次模型呼叫、外掛呼叫與 embedding 各計一次。日與月以 UTC 計。',
  'Sum up usage': '統計用量',
  'Admins see the workspace’s; others their own and that of their assistants, where other people and their keys have no names. At most 10,000 rows.':
    '管理員看得到整個工作區；其他人只看得到自己的用量與自己助理的用量，其中別人與別人的金鑰不會列名。最多 10,000 列。',
  'Export usage': '匯出用量',
  'The same rows as CSV.': '同樣的資料，CSV 格式。',
  'Read a key’s own usage': '讀取金鑰自己的用量',
  'What the key that asks has used, and what is left of its limits. Limited keys may ask it too.':
    '發出請求的金鑰用了多少、額度還剩多少。受限的金鑰也可以查詢。',
  'Of the hour or the UTC day; null when not grouped by one.':
    '該小時或該 UTC 日的開始；沒有依時間分組時為 null。',
  'Null when no price was known for any of it.': '全部都沒有已知價格時為 null。',
  'Calls that `money` leaves out: no price was known.':
    '`money` 沒有算進去的呼叫：沒有已知的價格。',
  'Calls whose tokens are estimated: they broke off, or the model’s server did not tell.':
    'token 數為估計值的呼叫：中途中斷，或模型的伺服器沒有回報。',
  'Of all calls together.': '所有呼叫的總和。',
  'Null for a session: then it is its person’s usage.':
    '以登入工作階段查詢時為 null，這時是本人的用量。',
  'Those that hold for this key, with what is left.': '適用於這把金鑰的額度，以及剩餘的量。',
  Prices: '價格',
  'What models cost, for the workspace’s own reckoning. No price comes with the server. For admins.':
    '模型的價格，供工作區自行計算費用。伺服器不附任何價格。限管理員使用。',
  'Read the prices': '讀取價格',
  'A model without one costs null, not 0.': '沒有價格的模型，費用是 null，不是 0。',
  'Set the prices': '設定價格',
  'The whole list anew. It holds from now on: what was used before keeps the money it had, in whatever currency.':
    '整份清單重新設定，從現在起生效：之前的用量維持當時算出的金額，不論當時是什麼幣別。',
  'ISO 4217.': 'ISO 4217 幣別代碼。',
  'For a million tokens each. A name with a star at its end stands for all that begin so; the longest that fits holds.':
    '都以每百萬 token 計。結尾有星號的名稱代表所有這樣開頭的模型；符合的名稱中最長的為準。',
  'Unix seconds; null when none was ever set.': 'Unix 秒數；從未設定過時為 null。',
  Limits: '額度',
  'How much the workspace, a person, a key or an assistant may use. Past it requests are answered 429 and runs fail with `rate_limit_exceeded`. For admins.':
    '工作區、使用者、金鑰或助理可以用多少。超過後請求會得到 429，run 會以 `rate_limit_exceeded` 失敗。限管理員使用。',
  'List limits': '列出額度',
  'By whom they hold for.': '依適用的對象排列。',
  'Read limits': '讀取額度',
  'All null when none is set.': '沒有設定時全部為 null。',
  'Set limits': '設定額度',
  'What is left out stays; null takes a limit away. It holds from the next request and the next model call on.':
    '沒有送出的欄位不變；null 會取消該項額度。從下一個請求與下一次模型呼叫起生效。',
  'Delete limits': '刪除額度',
  'Whom the limit holds for: workspace, person, key or assistant.':
    '額度適用的對象：工作區、使用者、金鑰或助理。',
  'Of the workspace, person, key or assistant.': '工作區、使用者、金鑰或助理的 id。',
  'All of this subject.': '刪除這個對象的所有額度。',
  'Of whom it holds for.': '適用對象的 id。',
  'Prompt and completion tokens of a UTC day.': '一個 UTC 日內的 prompt 與 completion token。',
  'In the currency of the prices, in a UTC month. What has no price counts nothing.':
    '一個 UTC 月內的金額，以價格的幣別計。沒有價格的用量不計入。',
}
