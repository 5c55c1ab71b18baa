/** Sentences on fields and answers in Traditional Chinese (Taiwan), by what they are in English. */
export const CHINESE_FIELDS: Readonly<Record<string, string>> = {
  'How many, at most.': '最多幾筆。',
  'By creation: the oldest first (asc) or the newest first (desc).':
    '依建立時間：舊的在前（asc）或新的在前（desc）。',
  'An id of the list: what comes after it.': '清單裡的一個 id：取它之後的項目。',
  'An id of the list: what comes before it.': '清單裡的一個 id：取它之前的項目。',
  'With the text of the passages that file_search found.': '附上 file_search 找到的段落文字。',
  'The `id:` of the last event you have; 0 for all that is still there.':
    '您收到的最後一個事件的 `id:`；0 表示還在的全部事件。',
  'Only the messages that this run wrote.': '只列出這個 run 寫的訊息。',
  'Only files of this purpose.': '只列出這個用途的檔案。',
  'Only files of this status.': '只列出這個狀態的檔案。',

  'Of the assistant.': '助理的 id。',
  'Of the thread.': 'thread 的 id。',
  'Of the message.': '訊息的 id。',
  'Of the run.': 'run 的 id。',
  'Of the step.': '步驟的 id。',
  'Of the file.': '檔案的 id。',
  'Of the upload.': '分段上傳的 id。',
  'Of the vector store.': 'vector store 的 id。',
  'Of the batch.': '批次的 id。',
  'Name or alias of the model.': '模型的名稱或別名。',
  'Thread.': 'thread 的 id。',
  'Assistant.': '助理的 id。',
  'Function name, or the id of the plugin file.': '函式名稱，或外掛檔案的 id。',
  'JSON text, visible to the plugin as CUSTOMIZED_PARAMS.':
    'JSON 文字，外掛以 CUSTOMIZED_PARAMS 讀取。',

  'As asked for.': '成功。',
  'As asked for. Server-sent events: `event:` is the name, `data:` the JSON. The last one is `done` with the data `[DONE]`.':
    '成功。Server-sent events：`event:` 是名稱，`data:` 是 JSON。最後一個是 `done`，內容為 `[DONE]`。',
  'As asked for. Server-sent events without a name: `data:` is the JSON. The last one is `[DONE]`.':
    '成功。沒有名稱的 server-sent events：`data:` 是 JSON，最後一個是 `[DONE]`。',
  'The same, in another state.': '同上，但狀態不同。',
  'The request is not valid; `param` names the field.': '請求不正確；`param` 指出是哪個欄位。',
  'No key, or one that is not valid.': '沒有金鑰，或金鑰無效。',
  'The key may not do this.': '這把金鑰沒有權限。',
  'There is none, or it is not yours.': '找不到，或不屬於您。',
  'It is not in a state for this.': '目前的狀態不允許。',
  'The body or file is larger than this server takes.': '內容或檔案超過這台伺服器的上限。',
  'The content type is not the one this call takes.': '這個呼叫不接受此 content type。',
  'A limit is reached, of the key or of the model’s server; `retry-after` says for how long.':
    '金鑰或模型伺服器已達上限；`retry-after` 說明要等多久。',
  'The server’s own fault; the request id stands in its log.':
    '伺服器本身的錯誤；日誌裡有 request id。',
  'The model’s server failed.': '模型的伺服器發生錯誤。',
  'The server is stopping or at its limit; come again.': '伺服器正在停止或已達上限，請稍後再試。',

  'Null for an empty page.': '空頁時為 null。',
  'Null for an empty page; the next page’s `after`.': '空頁時為 null；下一頁的 `after`。',
  'Whether there is more after `last_id`.': '`last_id` 之後是否還有。',
  'Unix seconds.': 'Unix 秒數。',
  'A name or alias of GET /models.': 'GET /models 裡的名稱或別名。',
  'What the model is told before the conversation.': '對話之前先告訴模型的話。',
  'The share of likely tokens that are considered.': '納入考慮的高機率 token 比例。',
  'Higher is less predictable.': '越高，結果越不固定。',
  'For models that reason.': '用於會推理的模型。',
  'Files and vector stores for the tools.': '給工具用的檔案與 vector store。',
  'Up to 16 pairs: keys of up to 64 characters, texts of up to 512.':
    '最多 16 組：鍵最多 64 字元，值為最多 512 字元的文字。',
  'Up to 16 pairs, by which searches can be filtered.': '最多 16 組，可用來篩選搜尋結果。',
  'Free text, any JSON object, or JSON by a schema.':
    '一般文字、任意 JSON 物件，或符合 schema 的 JSON。',
  'Answer with events.': '以事件回應。',
  'Whether the model may, must or must not call tools, or which one.':
    '模型可以、必須或不得呼叫工具，或指定哪一個。',
  'Whether one turn may make several calls.': '同一輪是否可以有多個呼叫。',
  'Of the whole run, all turns together.': '整個 run 所有輪次合計。',
  'How much of the thread the model sees.': '模型看得到多少 thread 的內容。',
  'How files are cut into passages.': '檔案如何切成段落。',
  'When it is removed by itself.': '何時自動移除。',
  'With its ending, by which its kind is told.': '含副檔名，據以判斷檔案種類。',
  'What the file is for.': '檔案的用途。',

  'The bytes, with a file name.': '檔案內容，並附檔名。',
  'One of fine-tune, assistants, batch, user_data, vision, evals.':
    'fine-tune、assistants、batch、user_data、vision、evals 其中之一。',
  'Sent as `expires_after[anchor]` and `expires_after[seconds]`; an hour to thirty days.':
    '以 `expires_after[anchor]` 與 `expires_after[seconds]` 送出；一小時到三十天。',
  'The parts in the order of the file.': '依檔案順序排列的各段。',
  'Checksum of the whole file in hexadecimal digits.': '整個檔案的檢查碼，十六進位。',
  'Size of the whole file in bytes; the parts must add up to it.':
    '整個檔案的大小（位元組）；各段合計必須相符。',
  'Size in bytes.': '大小（位元組）。',
  'The file, once the upload is complete.': '上傳完成後的檔案。',

  'A text, or parts: texts, pictures by URL or by file.':
    '一段文字，或多個部分：文字、以 URL 或檔案表示的圖片。',
  'Files for the thread’s tools.': '給 thread 的工具用的檔案。',
  'The run that wrote it; null for what a client added.': '寫下它的 run；由用戶端加入時為 null。',
  'Why the message broke off; null unless it did.': '訊息中斷的原因；沒有中斷時為 null。',

  'Instead of the assistant’s model.': '取代助理的模型。',
  'Instead of the assistant’s instructions.': '取代助理的指示。',
  'Instead of the assistant’s tools.': '取代助理的工具。',
  'After the assistant’s instructions.': '接在助理的指示之後。',
  'Added to the thread before the run begins.': 'run 開始之前先加入 thread。',
  'The thread to make; empty when left out.': '要建立的 thread；沒有送出時為空的 thread。',
  'The calls that wait for you, while the status is requires_action.':
    '狀態為 requires_action 時，等待您處理的呼叫。',
  'Why the run failed; null unless it did.': 'run 失敗的原因；沒有失敗時為 null。',
  'Tokens of all model calls; null until the run ends.':
    '所有模型呼叫的 token 數；run 結束前為 null。',
  'The message that was written, or the calls that were made.': '寫下的訊息，或所做的呼叫。',
  'Name, arguments as JSON text, and the output once it is there.':
    '名稱、JSON 文字形式的引數，以及完成後的輸出。',

  'Up to 500 files.': '最多 500 個檔案。',
  'One question, or several.': '一個或多個問題。',
  'Conditions on the files’ attributes, nested four levels deep at most.':
    '對檔案屬性的條件，最多四層。',
  'The file’s own id.': '檔案本身的 id。',
  'Why the file could not be read; null unless it failed.':
    '檔案無法讀取的原因；沒有失敗時為 null。',
  'What the texts and vectors take.': '文字與向量所佔的空間。',
  'Melzi’s own: by what the store is searched.': 'Melzi 自己的欄位：以什麼方式搜尋。',

  'At most 8,000 characters and bytes; a longer output is cut.':
    '最多 8,000 字元與位元組；較長的輸出會截斷。',
  'False when the plugin failed; `text` then says how.': '外掛失敗時為 false，`text` 說明情況。',
  'The call’s record.': '這次呼叫的紀錄。',
}
