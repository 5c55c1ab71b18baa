/** People, groups and invitations in the reference, in Traditional Chinese (Taiwan), by what they are in English. */
export const CHINESE_PEOPLE: Readonly<Record<string, string>> = {
  People: '成員',
  'Who is in your workspace, and as what: owner, admin, member or guest. These calls are this server’s own. Guests and limited keys are refused, but for their own.':
    '工作區裡有誰、各是什麼角色：擁有者、管理員、成員或訪客。這些呼叫是本伺服器獨有的；除了自己的資料，訪客與受限金鑰一律拒絕。',
  'Read who you are': '讀取自己的身分',
  'The person whose key or session this is, and the workspace it works in.':
    '這把金鑰或這個登入屬於誰，以及在哪個工作區。',
  'Change your name': '修改自己的名字',
  'The name that others read.': '別人看到的名字。',
  'List people': '列出成員',
  'Everybody in your workspace, guests too.': '工作區裡的所有人，包括訪客。',
  'Read a person': '讀取成員',
  'Somebody in your workspace.': '工作區裡的一個人。',
  'Change a person’s role': '變更成員的角色',
  'For admins. Who is an owner or admin is decided by owners only, and one owner always stays.':
    '限管理員。誰是擁有者或管理員只有擁有者能決定，而且一定會留下一位擁有者。',
  'Remove a person': '移除成員',
  'Out of the workspace: its keys are dead and its shares gone at the next request, and its assistants go to somebody else. For admins; anybody may leave.':
    '離開工作區：下一個請求起，他的金鑰失效、分享給他的助理收回，他的助理轉給別人。限管理員；任何人都可以自行離開。',
  'List workspaces': '列出工作區',
  'Those you are in. A session works in the one that the header `melzi-workspace` names, a key in its own.':
    '您所在的工作區。登入時以標頭 `melzi-workspace` 指定工作區，金鑰則固定在自己的工作區。',
  'Create a workspace': '建立工作區',
  'Another one, which you own. For admins.': '再建一個由您擁有的工作區。限管理員。',
  'Rename a workspace': '重新命名工作區',
  'The one you work in. For admins.': '您目前所在的工作區。限管理員。',
  'Part of a name or e-mail address.': '名字或電子郵件地址的一部分。',
  'Who gets the person’s assistants; you, unless you name somebody.':
    '誰接手這個人的助理；沒有指定時就是您。',
  'When it joined the workspace.': '加入工作區的時間。',
  'What you are there.': '您在那裡的角色。',

  Groups: '群組',
  'People with whom assistants are shared together. Members see groups, admins make them.':
    '可以一起分享助理的一群人。成員看得到群組，管理員建立群組。',
  'List groups': '列出群組',
  'The groups of your workspace.': '工作區裡的群組。',
  'Create a group': '建立群組',
  'Names are unique in a workspace.': '同一個工作區裡名稱不能重複。',
  'Read a group': '讀取群組',
  'One group and how many are in it.': '一個群組以及人數。',
  'Rename a group': '重新命名群組',
  'What is shared with it stays shared.': '分享給它的助理不受影響。',
  'Delete a group': '刪除群組',
  'What was shared with it is withdrawn from its people; they stay.':
    '分享給它的助理會從組員收回；人仍留在工作區。',
  'List the people of a group': '列出群組裡的人',
  'In the order of ids.': '依 id 排序。',
  'Add somebody to a group': '把人加入群組',
  'What is shared with the group is theirs at the next request.':
    '下一個請求起，他就能用分享給這個群組的助理。',
  'Take somebody out of a group': '把人移出群組',
  'What they had by the group only is gone at the next request.':
    '只因這個群組才有的權限，下一個請求起就沒有了。',

  Invitations: '邀請',
  'The way into a workspace: a link that works once, for seven days. There is no open sign-up.':
    '進入工作區的方式：只能用一次、七天內有效的連結。沒有開放註冊。',
  'List invitations': '列出邀請',
  'For admins: those that are open, accepted or over.': '限管理員：未接受、已接受與逾期的邀請。',
  'Invite somebody': '邀請',
  'For admins. The link goes by e-mail; without a mail server it is printed to the server’s log and answered here, this once. An open invitation of the same address gives way.':
    '限管理員。連結以電子郵件寄出；沒有設定郵件伺服器時，會印在伺服器的紀錄裡並在這裡回覆，僅此一次。同一地址尚未接受的邀請會被取代。',
  'Read an invitation': '讀取邀請',
  'For admins. Its link is not shown again.': '限管理員。連結不會再次顯示。',
  'Send an invitation again': '重寄邀請',
  'With a new link and another seven days; the old link is dead.':
    '換一個新連結，再有七天；舊連結失效。',
  'Take an invitation back': '收回邀請',
  'Its link is dead. Whoever has accepted stays.': '連結失效。已接受的人不受影響。',
  'Look at an invitation’s link': '查看邀請連結',
  'What whoever holds the link may know. A link that is used or over is not found.':
    '持有連結的人可以知道的事。用過或逾期的連結視為不存在。',
  'Accept an invitation': '接受邀請',
  'Makes an account and signs in, by a cookie. Whoever has an account with the address signs in first, and sends the token alone.':
    '建立帳號並以 cookie 登入。這個地址已有帳號的人先登入，再只送 token。',
  'Set the server up': '設定伺服器',
  'Gives the first owner an account, by the link in the server’s log, and signs in. It works once.':
    '用伺服器紀錄裡的連結，替第一位擁有者建立帳號並登入。只能用一次。',
  'The assistant that is shared with whoever accepts.': '分享給接受邀請者的助理。',
  'Of the person.': '成員的 id。',
  'Of the group.': '群組的 id。',
  'Of the workspace.': '工作區的 id。',
  'Of the invitation.': '邀請的 id。',
  '`sent`; `printed` to the server’s log, where no mail server is set up; `failed`: send it again.':
    '`sent`：已寄出；`printed`：沒有郵件伺服器，印在伺服器的紀錄裡；`failed`：請重寄。',
  'To be handed over by you, where no mail left; shown this once.':
    '沒有寄出郵件時，由您轉交；只顯示這一次。',
  'Whether the address belongs to somebody who has to sign in first.':
    '這個地址的主人是否已有帳號、必須先登入。',
}
