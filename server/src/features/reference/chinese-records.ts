/** Feedback, audit log and data rights in the reference, in Traditional Chinese (Taiwan), by what they are in English. */
export const CHINESE_RECORDS: Readonly<Record<string, string>> = {
  Feedback: '意見回饋',
  'Thumbs and comments on answers. Whoever has the thread gives it; the makers of the assistant read it, and the answer only where its reader lets them.':
    '對回答按讚、按倒讚或留言。由 thread 的主人給予；助理的製作者看得到回饋，但只有在對方同意時才看得到那則回答。',
  'Read your feedback': '讀取自己的回饋',
  'What you said of an answer; not found where you said nothing.':
    '您對一則回答說過的話；沒說過就視為不存在。',
  'Give feedback': '給予回饋',
  'On an answer of an assistant. Said again, it takes the place of what you said before.':
    '針對助理的一則回答。再給一次會取代先前的。',
  'Take feedback back': '收回回饋',
  'It is gone for the makers, too.': '製作者那邊也看不到了。',
  'List feedback on an assistant': '列出助理收到的回饋',
  'What everybody said of its answers. For those who may view it.':
    '大家對它的回答說了什麼。限可檢視這個助理的人。',
  'Export feedback on an assistant': '匯出助理收到的回饋',
  'All of it as a file, the oldest first.': '全部存成一個檔案，舊的在前。',
  'As it was, where its reader lets the makers of the assistant see it.':
    '當時的回答；只有在讀者同意讓製作者看時才有。',
  'Whether the makers of the assistant may read the answer that this is about.':
    '是否讓助理的製作者讀到這則回答。',

  'Audit log': '稽核紀錄',
  'Who did what to which object, from where. Entries are only ever added; not even the server can change one. For admins.':
    '誰、從哪裡、對哪個物件做了什麼。紀錄只會增加；連伺服器自己也改不了。限管理員。',
  'List audit entries': '列出稽核紀錄',
  'Those that all named filters let through.': '符合所有指定條件的紀錄。',
  'Export audit entries': '匯出稽核紀錄',
  'As a file, the oldest first. The export is itself an entry.':
    '存成檔案，舊的在前。匯出本身也會留下一筆紀錄。',
  'Read an audit entry': '讀取一筆稽核紀錄',
  'One entry.': '一筆紀錄。',
  'A whole action, or a kind: `key` finds `key.create` as well as `key.delete`.':
    '完整的動作或其種類：`key` 會找到 `key.create` 與 `key.delete`。',
  'Unix seconds: from this moment on.': 'Unix 秒：從這一刻起。',
  'Unix seconds: before this moment.': 'Unix 秒：在這一刻之前。',
  'Null: the server itself, or somebody who is not signed in.':
    'null：伺服器自己，或沒有登入的人。',
  'Of the client; null for the command line.': '用戶端的位址；命令列則為 null。',
  'Of the entry.': '紀錄的 id。',

  'Data rights': '資料權利',
  'All that is a person’s, as a file; a person erased; and how long things are kept.':
    '把一個人的所有資料存成檔案、刪除一個人的資料，以及各種資料保留多久。',
  'Export a person’s data': '匯出個人資料',
  'A zip of everything it has in the workspace: lines of JSON for each kind, files and pictures. For the person and for owners of the workspace.':
    '一個 zip，內含他在工作區裡的一切：各類資料的 JSON 行、檔案與圖片。限本人與工作區擁有者。',
  'Erase a person': '刪除個人資料',
  'Takes it out of the workspace with its threads, files and keys, for good. Its assistants go to somebody else, or are deleted. For the person and for admins. The audit log keeps its id, which then names nobody.':
    '連同 thread、檔案與金鑰永久移出工作區。他的助理轉給別人或刪除。限本人與管理員。稽核紀錄會留下他的 id，但從此不再對應到任何人。',
  'Read retention periods': '讀取保留期限',
  'How long your workspace keeps things. For admins.': '工作區保留各種資料多久。限管理員。',
  'Change retention periods': '變更保留期限',
  'What is left out stays as it is. Older things go within the hour. For admins.':
    '沒有送出的欄位維持原樣。過期的資料會在一小時內刪除。限管理員。',
  'The person’s id again: nothing brings back what is erased.':
    '再送一次這個人的 id：刪除之後無法復原。',
  'Who gets its assistants; without, they are deleted.': '誰接手他的助理；沒有指定就刪除。',
  'Days after its last message a thread is deleted; null: never.':
    '最後一則訊息之後幾天刪除 thread；null 表示永不刪除。',
  'Days after which arguments and outputs of plugin calls are forgotten; null: never.':
    '幾天之後清除外掛呼叫的參數與輸出；null 表示永不清除。',
}
