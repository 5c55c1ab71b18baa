/** Tags and calls of the reference in Traditional Chinese (Taiwan), by what they are called in English. */
export const CHINESE_CALLS: Readonly<Record<string, string>> = {
  Assistants: '助理',
  'A model with instructions, tools and files, kept under an id.':
    '一個模型，加上指示、工具與檔案，存在同一個 id 之下。',
  Threads: 'Thread（對話）',
  'One conversation: its messages, and the files its tools may use.':
    '一段對話：其中的訊息，以及工具可用的檔案。',
  Messages: '訊息',
  'What user and assistant said in a thread.': '使用者與助理在 thread 裡說過的話。',
  Runs: 'Run（執行）',
  'An assistant at work on a thread.': '助理處理一個 thread 的過程。',
  'Run steps': 'Run 的步驟',
  'What a run did: each message it wrote, each turn of tool calls it made.':
    'run 做過的事：寫下的每則訊息、每一輪工具呼叫。',
  Files: '檔案',
  'Documents for tools, and pictures for messages.': '給工具用的文件，以及訊息裡的圖片。',
  Uploads: '分段上傳',
  'A file of up to 8 GB, sent in parts.': '分段送出的檔案，最大 8 GB。',
  'Vector stores': 'Vector store',
  'Files made searchable, for file_search and for your own searches.':
    '讓檔案可以搜尋，供 file_search 和您自己的搜尋使用。',
  'Vector store files': 'Vector store 的檔案',
  'Single files of a vector store, and batches of them.': 'vector store 裡的個別檔案與批次。',
  'Plugin calls': '外掛呼叫',
  'DaVinci’s way for a client to have a plugin run on the server.':
    '達哥的方式：由用戶端請伺服器執行外掛。',
  Models: '模型',
  'The models this server can ask.': '這台伺服器可用的模型。',
  'Pass-through': '直通模型',
  'Requests to models outside of any assistant.': '不經過助理，直接送到模型的請求。',
  Server: '伺服器',
  'The state of the server, and this reference as OpenAPI 3.1.':
    '伺服器的狀態，以及這份參考文件的 OpenAPI 3.1 版本。',

  'List assistants': '列出助理',
  'Your assistants, the newest first unless `order` says otherwise.':
    '您的助理；沒有指定 `order` 時，新的在前。',
  'Create an assistant': '建立助理',
  'What is left out or null has its default.': '沒有送出或送出 null 的欄位使用預設值。',
  'Read an assistant': '讀取助理',
  'One assistant as it is now.': '一個助理目前的內容。',
  'Change an assistant': '修改助理',
  'Keys that are left out stay as they are; null puts the default back. Runs that have begun keep the settings they began with.':
    '沒有送出的欄位不變；null 會改回預設值。已經開始的 run 沿用開始時的設定。',
  'Delete an assistant': '刪除助理',
  'Threads and messages stay.': 'thread 與訊息會保留。',
  'Create a thread': '建立 thread',
  'An empty body makes an empty thread.': '送出空的內容會建立空的 thread。',
  'List threads': '列出 thread',
  'Your threads. Azure has this call, OpenAI had not.':
    '您的 thread。Azure 有這個呼叫，OpenAI 沒有。',
  'Read a thread': '讀取 thread',
  'The thread itself; its messages have calls of their own.':
    'thread 本身；其中的訊息另有呼叫可以讀取。',
  'Change a thread': '修改 thread',
  'Keys that are left out stay as they are.': '沒有送出的欄位不變。',
  'Delete a thread': '刪除 thread',
  'Its messages, runs and steps go with it; a run that is at work ends.':
    '訊息、run 與步驟會一併刪除；進行中的 run 會結束。',
  'Add a message': '新增訊息',
  'List messages': '列出訊息',
  'Read a message': '讀取訊息',
  'Change a message’s metadata': '修改訊息的 metadata',
  'Nothing else of a message can be changed.': '訊息的其他內容不能修改。',
  'Delete a message': '刪除訊息',
  'Create a thread and run it': '建立 thread 並執行',
  'Both in one call. With `"stream": true` the answer is the run’s events until it ends or waits for you.':
    '一次呼叫完成兩件事。設 `"stream": true` 時，回應是 run 的事件，直到它結束或等待您。',
  'Run a thread': '執行 thread',
  'List runs': '列出 run',
  'The runs of a thread.': '一個 thread 的 run。',
  'Read a run': '讀取 run',
  'While the run is not at its end, the header `openai-poll-after-ms` says when to ask again.':
    'run 還沒結束時，標頭 `openai-poll-after-ms` 說明多久之後再問。',
  'Change a run’s metadata': '修改 run 的 metadata',
  'Nothing else of a run can be changed.': 'run 的其他內容不能修改。',
  'Submit tool outputs': '提交工具輸出',
  'For a run at `requires_action`: the outputs of all its calls, in one request. With `"stream": true` the answer is the run’s events until it ends or waits for you.':
    '用於停在 `requires_action` 的 run：一次送出所有呼叫的輸出。設 `"stream": true` 時，回應是 run 的事件，直到它結束或等待您。',
  'Cancel a run': '取消 run',
  'Read a run’s events again': '重新讀取 run 的事件',
  'Melzi’s own. Replays what is still there and follows the run to its end, past `requires_action`. Each event has an `id:` line; come back with it in `after` or in the header `Last-Event-ID`. When that place is gone, the first event is `thread.run.snapshot`.':
    'Melzi 自己的呼叫。重播還在的事件，並一路跟到 run 結束，`requires_action` 也不會停。每個事件都有一行 `id:`，下次用 `after` 或標頭 `Last-Event-ID` 帶回來；那個位置已經不在時，第一個事件是 `thread.run.snapshot`。',
  'List run steps': '列出 run 的步驟',
  'The steps of a run.': '一個 run 的步驟。',
  'Read a run step': '讀取 run 的步驟',
  'One step.': '一個步驟。',
  'Upload a file': '上傳檔案',
  'A form with the file and its purpose, in any order. Larger files: uploads.':
    '表單裡放檔案與用途，順序不拘。較大的檔案請用分段上傳。',
  'List files': '列出檔案',
  'Your files, up to 10,000 at a time.': '您的檔案，一次最多 10,000 個。',
  'Read what is known of a file': '讀取檔案資訊',
  'Name, size and purpose; the content has a call of its own.':
    '名稱、大小與用途；內容另有呼叫可以下載。',
  'Delete a file': '刪除檔案',
  'It goes from every vector store and every tool as well.':
    '也會從所有 vector store 和工具中移除。',
  'Download a file': '下載檔案',
  'The bytes as they were uploaded or as a tool wrote them. Files of purpose `assistants` or `user_data` are not handed out again.':
    '上傳時或工具寫出時的原始內容。用途為 `assistants` 或 `user_data` 的檔案不提供下載。',
  'Begin an upload': '開始上傳',
  'The parts must come within the hour.': '各段必須在一小時內送到。',
  'Send a part': '送出一段',
  'Up to 64 MB each; several may be sent at the same time.': '每段最大 64 MB，可以同時送出多段。',
  'Complete an upload': '完成上傳',
  'Joins the parts in the order of `part_ids` into a file.':
    '依 `part_ids` 的順序把各段合成一個檔案。',
  'Cancel an upload': '取消上傳',
  'Its parts are removed.': '已送出的各段會移除。',
  'Create a vector store': '建立 vector store',
  'The answer comes before the files are read.': '回應時檔案還沒讀完。',
  'List vector stores': '列出 vector store',
  'Your vector stores.': '您的 vector store。',
  'Read a vector store': '讀取 vector store',
  'Its state, and how many of its files are ready.': '目前狀態，以及已有多少檔案可以搜尋。',
  'Change a vector store': '修改 vector store',
  'Delete a vector store': '刪除 vector store',
  'The files themselves stay.': '檔案本身會保留。',
  'Search a vector store': '搜尋 vector store',
  'By words, and by meaning as well where the server has an embeddings provider. Scores fall along the list. With `rewrite_query` the model makes one or more searches of the question.':
    '依字詞搜尋；伺服器設有 embeddings 時也依語意。分數由高到低排列。設 `rewrite_query` 時，由模型把問題改寫成一個或多個搜尋。',
  'Add a file': '加入檔案',
  'Ask for it again until its status is `completed`; a file that cannot be read says why in `last_error`.':
    '請反覆讀取，直到狀態為 `completed`；讀不了的檔案會在 `last_error` 說明原因。',
  'List the files': '列出檔案',
  'The files of a store.': '一個 vector store 的檔案。',
  'Read a file’s state': '讀取檔案狀態',
  'While the file is being read, the header `openai-poll-after-ms` says when to ask again.':
    '檔案還在讀取時，標頭 `openai-poll-after-ms` 說明多久之後再問。',
  'Change a file’s attributes': '修改檔案屬性',
  'They hold from the next search on.': '從下一次搜尋開始生效。',
  'Remove a file': '移除檔案',
  'From this store; the file itself stays.': '只從這個 vector store 移除，檔案本身會保留。',
  'Read a file’s text': '讀取檔案的文字',
  'The text as it was read from the file.': '從檔案讀出的文字。',
  'Add files': '批次加入檔案',
  '`file_ids` or `files`, one of them, up to 2,000. What stands beside `files` goes for those that bring none of their own.':
    '`file_ids` 或 `files` 擇一，最多 2,000 個。與 `files` 並列的設定，適用於沒有自帶設定的檔案。',
  'Read a batch': '讀取批次',
  'How many of its files are ready.': '已有多少檔案可以搜尋。',
  'Cancel a batch': '取消批次',
  'Files that are ready stay.': '已完成的檔案會保留。',
  'List the files of a batch': '列出批次的檔案',
  'Only those of this batch.': '只有這個批次的檔案。',
  'Call a plugin': '呼叫外掛',
  'The body is the function’s arguments, whatever its content type says. Give the answer back with the tool outputs of the run. A plugin that fails answers 200 with `ok` false. Where the server calls the plugin itself, those who may only use the assistant get 403.':
    '內容是函式的引數，不論 content type 為何。請把回應放進 run 的工具輸出送回。外掛失敗時仍回應 200，`ok` 為 false。外掛由伺服器呼叫時，只能使用該助理的人會得到 403。',
  'List models': '列出模型',
  'Names and aliases, as `model` takes them.': '`model` 可用的名稱與別名。',
  'Read a model': '讀取模型',
  'A name may hold slashes.': '名稱可以含有斜線。',
  'Ask a model': '直接詢問模型',
  'Without assistant or thread. Where the model’s server speaks this wire, the request goes through as it came and the answer comes back as it is; other models take the settings named here. With `"stream": true` the answer comes in chunks.':
    '不需要助理或 thread。模型的伺服器支援這套介面時，請求與回應都原樣轉送；其他模型接受這裡列出的設定。設 `"stream": true` 時分塊回應。',
  'Turn text into speech': '文字轉語音',
  'Goes through to the model’s server, where one that speaks this wire is configured.':
    '設有支援這套介面的模型伺服器時，直接轉送過去。',
  'Turn speech into text': '語音轉文字',
  'Is it alive?': '是否存活',
  'The process answers.': '行程有回應。',
  'Is it ready?': '是否就緒',
  'What the server stands on, part by part. 503 when the store does not answer.':
    '伺服器所依賴的各個部分。資料庫沒有回應時為 503。',
  'See a picture': '查看圖片',
  'What a plugin drew, by the signed address in its output: no key is needed, and the address shows nothing after a day and a half. Read the message again for a new one.':
    '外掛畫出的圖片，使用其輸出中帶簽章的網址，不需要金鑰；一天半之後網址就看不到圖片，重新讀取訊息即可取得新的網址。',
  'The end of the address, as it was given.': '網址的最後一段，照收到的樣子填入。',
  'Read this reference as OpenAPI': '以 OpenAPI 讀取這份參考文件',
  'This document, with the address it was asked at as its server.':
    '這份文件，並以收到請求的位址作為伺服器位址。',
}
