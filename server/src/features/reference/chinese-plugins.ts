/** What the reference says of plugins in Traditional Chinese (Taiwan), by what it is in English. */
export const CHINESE_PLUGINS: Readonly<Record<string, string>> = {
  Plugins: '外掛',
  'Plugin files of DaVinci’s form, what they offer, and changes to them. These calls are this server’s own. Only a plugin’s owner sees it.':
    '達哥格式的外掛檔案、外掛提供的函式，以及修改外掛。這些是本伺服器自己的呼叫。外掛只有擁有者看得到。',
  'Import a plugin': '匯入外掛',
  'The body is the plugin file itself, whatever its content type says; loose JSON is taken too. A file whose id you have already becomes the next version of that plugin, in every assistant that has it.':
    '內容就是外掛檔案本身，不看 content type；不太嚴謹的 JSON 也收。如果您已有相同 id 的外掛，這份檔案就是它的下一個版本，裝了它的助理都會用新版本。',
  'A plugin file: the JSON itself, kept byte for byte.': '外掛檔案：JSON 本身，逐位元組保存。',
  'Look into a plugin file': '預覽外掛檔案',
  'What importing the file would give, and what is missing. Nothing is kept.':
    '匯入這份檔案會得到什麼、還缺什麼。不會保存任何東西。',
  'List plugins': '列出外掛',
  'Your plugins.': '您的外掛。',
  'Read a plugin': '讀取外掛',
  'What its file says, and what it offers.': '檔案裡的設定，以及提供的函式。',
  'Change a plugin': '修改外掛',
  'Changes only these fields in the text of the file, and makes the next version of it. Fields that are left out stay; null takes a field away, so that its default holds. A field that the file does not take is named by its place in the file.':
    '只改檔案文字裡的這些欄位，並產生下一個版本。沒有送出的欄位不變；null 會拿掉欄位，改用預設值。檔案不接受的欄位，錯誤會指出它在檔案裡的位置。',
  'Delete a plugin': '刪除外掛',
  'Its versions and secrets go with it, and no assistant has it any more.':
    '版本與密鑰會一併刪除，助理也不再有這個外掛。',
  'Export a plugin': '匯出外掛',
  'Its file, byte for byte.': '外掛檔案，逐位元組相同。',
  'Ask a plugin’s server anew': '重新詢問外掛的伺服器',
  'For plugins with a server of their own: what it offers now. Another answer than the last one makes the next version.':
    '給自己有伺服器的外掛用：它現在提供什麼。和上次的回答不同時，會產生下一個版本。',
  'What a plugin of the type AzureCognitiveSearch is to search.':
    'AzureCognitiveSearch 類型的外掛要搜尋的 vector store。',
  'Only the plugin with this id, with this id in its file, or with this function name.':
    '只列出 id、檔案裡的 id 或函式名稱符合的外掛。',
  'The id in its file.': '檔案裡的 id。',
  'The plugin’s own name among functions; kept by later versions.':
    '外掛自己的函式名稱；之後的版本沿用。',
  'What it cannot work without and has not got: `secrets.NAME` or `vector_store_id`.':
    '少了就無法運作、目前還缺的東西：`secrets.NAME` 或 `vector_store_id`。',
  'Of its OpenAPI document or its MCP server.': 'OpenAPI 文件或 MCP 伺服器的位址。',
  'How it shows its own server who it is, with names of secrets.':
    '外掛如何向自己的伺服器證明身分，其中只有密鑰的名稱。',
  'Header in which its server gets an opaque token of the caller; null for none.':
    '交給外掛伺服器的呼叫者代碼（看不出身分）所用的標頭；沒有則為 null。',
  'Hosts it may reach; null when the file does not say.': '可以連線的主機；檔案沒有寫時為 null。',
  'Null when the file does not say.': '檔案沒有寫時為 null。',
  'Its output is the answer, with no second pass of the model, where the server runs plugins.':
    '由伺服器執行外掛時，輸出就是回答，不再經過模型。',
  'Arguments by function, for tests.': '各函式的測試參數。',
  'What models and clients call it, unless another function of the assistant has the name.':
    '模型與用戶端使用的名稱；助理裡另有同名函式時例外。',
  'The operation or tool it stands for; null for a plugin that is one function.':
    '它代表的 operation 或工具；外掛本身就是一個函式時為 null。',
  'Models and clients see only these.': '模型與用戶端只看得到啟用的函式。',
  'Its calls always stop the run and wait for the client.':
    '呼叫它一定會讓 run 停下來，等用戶端處理。',
  'The plugin whose next version it would be; null for a new one.':
    '會成為這個外掛的下一個版本；新的外掛為 null。',
  'The whole text anew; the other fields are changed in it.':
    '整份新的文字；其他欄位的修改套用在它上面。',
  'Operations or tools that are switched on; null for all.':
    '啟用的 operation 或工具；null 表示全部。',
  'Operations or tools whose calls wait for the client; true for all.':
    '呼叫前要等用戶端處理的 operation 或工具；true 表示全部。',
  'Names, never values.': '只有名稱，不含內容。',
  'Arguments by function, for tests; they make no version.': '各函式的測試參數；不會產生新版本。',

  'Plugins of assistants': '助理的外掛',
  'Which plugins an assistant has, and who runs them.': '助理有哪些外掛，以及由誰執行。',
  'List an assistant’s plugins': '列出助理的外掛',
  'In the order they were attached, when `order` is asc.': '`order` 為 asc 時，依加入的順序。',
  'Give a plugin to an assistant': '把外掛加給助理',
  'Its functions become tools of the assistant. Attaching it again changes nothing.':
    '外掛的函式會成為助理的工具。重複加入不會有變化。',
  'Take a plugin from an assistant': '從助理移除外掛',
  'The plugin itself stays.': '外掛本身會保留。',
  'Read an assistant’s settings': '讀取助理的設定',
  'What the wire of assistants has no word for.': 'Assistants API 沒有的設定。',
  'Change an assistant’s settings': '修改助理的設定',
  'Runs that have begun keep the settings they began with.': '已經開始的 run 沿用開始時的設定。',
  'Those that are switched on, under the names they have in this assistant.':
    '啟用的函式，以及在這個助理裡的名稱。',
  'Who runs its plugins: the client, at `requires_action`, or the server, inside the run.':
    '由誰執行外掛：用戶端（在 `requires_action` 時），或伺服器（在 run 之內）。',

  'Plugin versions': '外掛的版本',
  'Each text of a plugin’s file is kept. Runs keep the version they began with.':
    '外掛檔案的每一份文字都會保留。run 沿用開始時的版本。',
  'List versions': '列出版本',
  'Without their texts.': '不含文字。',
  'Read a version': '讀取版本',
  'With its text.': '包含文字。',
  'Bring a version back': '還原版本',
  'Its text becomes the next version; no version is lost.':
    '它的文字會成為下一個版本；不會遺失任何版本。',
  'The version whose text this one brought back.': '這個版本還原自哪個版本。',
  'The plugin file as it was.': '當時的外掛檔案。',
  'Its Python; null for other kinds.': '其中的 Python；其他種類為 null。',

  'Plugin secrets': '外掛的密鑰',
  'Values that a plugin needs and nobody may see. They are sealed, reach only the plugin they belong to, and no call gives them back.':
    '外掛需要、但不能讓人看到的內容。密鑰會加密保存，只交給所屬的外掛，沒有任何呼叫會傳回內容。',
  'List secrets': '列出密鑰',
  'Names: those in the plugin’s file, and those that are set.':
    '名稱：外掛檔案裡寫的，以及已經設定的。',
  'Set a secret': '設定密鑰',
  'Anew or for the first time. When it is the last one that the plugin’s own server asks for, that server is asked what it offers.':
    '第一次設定或更新。外掛自己的伺服器所需的密鑰都齊全時，會去詢問它提供什麼。',
  'Delete a secret': '刪除密鑰',
  'Its name stays as long as it is in the plugin’s file.': '只要外掛檔案裡有寫，名稱就會保留。',
  'Unix seconds; null when it is not set.': 'Unix 秒數；沒有設定時為 null。',
  'How asking the plugin’s server went; null when there was no need to ask it.':
    '詢問外掛伺服器的結果；不需要詢問時為 null。',

  'Plugin tests and records': '外掛的測試與紀錄',
  'Trials of a plugin, and what each of its calls did.': '試跑外掛，以及每次呼叫做了什麼。',
  'Test a plugin': '測試外掛',
  'Calls it as a run would, and answers when it has ended. A plugin that fails answers 200 with the status `failed`.':
    '和 run 一樣呼叫它，結束後才回應。外掛失敗時仍回應 200，狀態為 `failed`。',
  'List calls': '列出呼叫',
  'Of runs, clients and tests; without what was said in them.':
    '來自 run、用戶端與測試的呼叫；不含內容。',
  'Read a call': '讀取呼叫',
  'All of its record.': '完整的紀錄。',
  'A function’s name or operation, where there are several.':
    '有多個函式時，指定函式名稱或 operation。',
  'An object, or JSON text as a model would write it; the saved ones when left out.':
    '物件，或模型會寫出的 JSON 文字；沒有送出時使用儲存的參數。',
  'Visible to the plugin as CUSTOMIZED_PARAMS.': '外掛以 CUSTOMIZED_PARAMS 讀取。',
  'Visible to the plugin as CURRENT_CONVERSATION.': '外掛以 CURRENT_CONVERSATION 讀取。',
  'Python that is not saved: it runs in place of the plugin’s own and becomes no version.':
    '還沒儲存的 Python：代替外掛自己的程式執行，不會成為版本。',
  'Whether to keep the arguments for the next test.': '是否保留參數給下次測試。',
  'What the plugin may ask; the server’s default when left out.':
    '外掛可以詢問的模型；沒有送出時使用伺服器的預設模型。',
  'Null for a text that was not saved.': '還沒儲存的文字為 null。',
  'A run, a client through /pluginapi, or a test.': 'run、用戶端（經由 /pluginapi）或測試。',
  'The run that made the call, or that waited for the client’s.':
    '發出呼叫的 run，或等待用戶端呼叫的 run。',
  'From start to end, waiting included; null while it runs.':
    '從開始到結束，包含等待；執行中為 null。',
  'As the caller wrote them, JSON or not.': '呼叫者寫的原文，不一定是 JSON。',
  'What the model was given.': '交給模型的內容。',
  'Its traceback has the line numbers of the plugin’s source.': 'traceback 裡是外掛原始碼的行號。',
  'Time, memory, and the requests it made; `refused` says why one did not leave.':
    '時間、記憶體與發出的請求；`refused` 說明請求為何沒有送出。',
  'What its questions to a model cost.': '詢問模型的用量。',
  'Files made of its pictures.': '由圖片產生的檔案。',

  'Of the plugin.': '外掛的 id。',
  'Number of the version.': '版本號碼。',
  'Of the call.': '呼叫的 id。',
  'Of the secret: its name.': '密鑰的名稱。',
  'Whether those who may only use it are told the names of the files its answers refer to.':
    '只能使用它的人，是否看得到回答所引用的檔名。',
  'Whether Python of those who may only use it finds its files.':
    '只能使用它的人執行的 Python，是否找得到它的檔案。',
}
