/** Sentences on busy threads and their lines in Traditional Chinese (Taiwan), by what they are in English. */
export const CHINESE_QUEUE: Readonly<Record<string, string>> = {
  'Refused with 400 while a run of the thread is active, unless it may wait (`queue`). Text may be up to 256,000 characters, data URLs in it not counted.':
    'thread 有進行中的 run 時，以 400 拒絕，除非設定排隊（`queue`）。文字最多 256,000 字元，其中的 data URL 不計。',
  'The messages of a thread, or of one of its runs. A message that waits comes in when its turn has come.':
    '一個 thread 的訊息，或其中一個 run 的訊息。排隊中的訊息輪到之後才會列出。',
  'One message, also one that waits for its turn.': '一則訊息，包括排隊中的訊息。',
  'Later runs no longer see it. Refused with 400 while a run of the thread is active; a message that waits leaves the line at any time.':
    '之後的 run 不會再看到它。thread 有進行中的 run 時，以 400 拒絕；排隊中的訊息隨時可以退出。',
  'The answer comes at once, with status `queued`. With `"stream": true` the answer is the run’s events until it ends or waits for you. A thread has one active run at a time; a second one is refused with 400, unless it may wait (`queue`). A client that leaves does not end the run.':
    '立刻回應，狀態為 `queued`。設 `"stream": true` 時，回應是 run 的事件，直到它結束或等待您。一個 thread 同時只有一個進行中的 run，第二個以 400 拒絕，除非設定排隊（`queue`）。用戶端離開不會中止 run。',
  'What the run has completed stays; a message it was writing ends as `incomplete`. A run that waits for its turn is cancelled at once; messages it came with keep their places.':
    '已完成的部分會保留；正在寫的訊息以 `incomplete` 結束。排隊中的 run 會立刻取消；隨它送出的訊息仍留在原位排隊。',
  'Melzi’s own. While a run is active, the message waits for its turn instead of being refused: first come, first served, together with runs that wait. At most 64 wait on a thread.':
    'Melzi 自有。有進行中的 run 時，訊息排隊等候而不被拒絕：與排隊中的 run 一起，先到先輪。一個 thread 最多 64 個排隊。',
  'Files for the thread’s tools, from now on.': '給 thread 的工具用的檔案，立即生效。',
  'Melzi’s own: `queued` while the message waits for its turn. Absent otherwise.':
    'Melzi 自有：訊息排隊時有 `queued`。其他時候沒有這個欄位。',
  'Melzi’s own. While another run is active, this one waits for its turn as `queued` instead of being refused, with the settings of now and its additional messages: first come, first served, together with messages that wait. At most 64 wait on a thread.':
    'Melzi 自有。有其他進行中的 run 時，這個 run 以 `queued` 狀態排隊而不被拒絕，沿用現在的設定與隨附訊息：與排隊中的訊息一起，先到先輪。一個 thread 最多 64 個排隊。',
  'When a run that waits for tool outputs is given up. Unix seconds; null in line, since it counts from the run’s turn.':
    '等待工具輸出的 run 何時放棄。Unix 秒數；排隊時為 null，因為從輪到時起算。',
}
