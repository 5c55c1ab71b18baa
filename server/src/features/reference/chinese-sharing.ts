/** What the reference says of sharing in Traditional Chinese (Taiwan), by what it is in English. */
export const CHINESE_SHARING: Readonly<Record<string, string>> = {
  Sharing: '分享',
  'Who else has an assistant, and how: to use it, to look into it (view), or to change it (edit). Only its owner sees and changes this, with a key that is not limited. These calls are this server’s own.':
    '還有誰能用這個助理、能做到什麼程度：使用（use）、查看內容（view）或修改（edit）。只有擁有者能查看與變更，而且要用沒有限制的金鑰。這些是本伺服器自己的呼叫。',
  'List shares': '列出分享',
  'Those that are over too, and the people who were invited. The oldest first, when `order` is asc.':
    '包含已到期的分享，以及受邀的人。`order` 為 asc 時，舊的在前。',
  'Share an assistant': '分享助理',
  'With a person, a group, the whole workspace (guests aside), or by a link. Whoever has it already gets what you ask for now. An address that is not in the workspace is invited as a guest.':
    '分享給某個人、群組、整個工作區（訪客除外），或以連結分享。已經有分享的對象，改成這次指定的權限。不在工作區裡的電子郵件會收到訪客邀請。',
  'Read a share': '讀取分享',
  'With its link, where it is one.': '如果是連結，會附上連結。',
  'Change a share': '修改分享',
  'Fields that are left out stay. A link that is no longer open to guests is gone for all who came without an account.':
    '沒有送出的欄位不變。連結不再開放訪客時，沒有帳號的人就不能再使用。',
  'Withdraw a share': '收回分享',
  'Also an invitation. It holds from the next request on; open streams and runs under way end within a second.':
    '也可以收回邀請。從下一個請求開始生效；進行中的串流與 run 會在一秒內結束。',
  'List who has access': '列出有權限的人',
  'Everybody who may use the assistant now, and by which ways.':
    '目前可以使用這個助理的每個人，以及權限的來源。',
  'Hand an assistant over': '移交助理',
  'To a person of the workspace who is no guest. Plugins (with their secrets), vector stores and files go along where nothing else uses them; the assistant goes on using the others.':
    '移交給工作區裡的人，但不能是訪客。沒有其他地方使用的外掛（連同密鑰）、vector store 與檔案會一起移交；其餘的仍屬原擁有者，助理照常使用。',
  'Copy an assistant': '複製助理',
  'For whoever may look into it. The copy is yours. Files and vector stores of others are left out, and so are the secrets of their plugins.':
    '能查看內容的人就可以複製，複本屬於您。不會包含他人的檔案與 vector store，也不會包含他人外掛的密鑰。',
  '`share_…`; `invite_…` while who was invited has not come.':
    '`share_…`；受邀的人還沒加入時為 `invite_…`。',
  'The person who shared it.': '分享的人。',
  'Unix seconds; null for no end.': 'Unix 秒數；null 表示沒有期限。',
  'Unix seconds; no end when left out.': 'Unix 秒數；沒有送出時表示沒有期限。',
  'Whether the person was invited and has not come yet.': '是否為已邀請、但還沒加入的人。',
  'Of links only. Whoever has it can take the assistant up.':
    '只有連結才有。拿到連結的人都能開始使用這個助理。',
  'What became of the mail, and the link for you to hand over where none leaves; null unless somebody was invited.':
    '邀請信的寄送情形；沒有寄出時附上連結，由您轉交。沒有邀請人時為 null。',
  'A person of the workspace.': '工作區裡的人。',
  'In place of `person_id`.': '用來取代 `person_id`。',
  'Of links only.': '只用於連結。',
  'Of links only: whether it opens for people who are not signed in; they can only use it.':
    '只用於連結：是否開放給沒有登入的人；他們只能使用。',
  'Of links only; null takes it away.': '只用於連結；null 表示取消密碼。',
  'The greatest of what the person has.': '這個人擁有的最大權限。',
  'Every way by which the person has it.': '這個人取得權限的每個來源。',
  'What you keep; null for nothing.': '您保留的權限；null 表示不保留。',
  'What you kept.': '您保留的權限。',
  'What went along because nothing else uses it.': '因為沒有其他地方使用而一起移交的項目。',
  'Of the copy.': '複本的 id。',
  'Of the share.': '分享的 id。',
  'What the copy lacks, and why.': '複本缺少的項目與原因。',

  'Share links': '分享連結',
  'For whoever was given the link of an assistant.': '給拿到助理連結的人使用。',
  'Look at a link': '查看連結',
  'What the assistant is called, and whether a password is needed. A link that is wrong, withdrawn or over is not found.':
    '助理的名稱，以及是否需要密碼。連結不正確、已收回或已到期時，一律回應找不到。',
  'Take a link up': '使用連結',
  'The assistant is yours to use from then on, in the workspace it belongs to, where you become a guest unless you are in it. Whoever is not signed in gets a session as a guest, where the link allows it, else 401. 403 for a wrong password, 429 after many. Again changes nothing.':
    '從此可以在助理所屬的工作區使用它；您若不在那個工作區，會成為訪客。沒有登入的人，在連結允許時會以訪客身分登入，否則回應 401。密碼錯誤回應 403，錯太多次回應 429。重複使用不會有變化。',
}
