/** What the reference says of signing in, in Traditional Chinese (Taiwan), by what it is in English. */
export const CHINESE_SIGN_IN: Readonly<Record<string, string>> = {
  'Signing in': '登入',
  'How a browser signs in and stays so: by a cookie that no script can read. With it, calls of the API need no key; the header `melzi-workspace` says in which workspace, else it is your first. Whatever changes something must come from a page of this server. These addresses stand beside the API, and take no key. One password may be tried ten times in a quarter of an hour, from one address sixty.':
    '瀏覽器如何登入並保持登入：靠一個任何指令碼都讀不到的 cookie。有了它，呼叫 API 不需要金鑰；標頭 `melzi-workspace` 指定工作區，沒有時就是您的第一個。會改變內容的請求必須來自本伺服器的網頁。這些位址在 API 之外，不收金鑰。一個帳號的密碼十五分鐘內可以試十次，一個網路位址六十次。',
  'Ways to sign in': '登入方式',
  'Single sign-on and what it is called; an empty list without it.':
    '單一登入與它的名稱；沒有時是空的清單。',
  'Sign in': '登入',
  'An address nobody has is answered like a wrong password. Whoever has two-factor on gets `twoFactorRedirect` and sends a code next.':
    '沒有人使用的地址，回答和密碼錯誤一樣。開啟雙重驗證的人會收到 `twoFactorRedirect`，接著送出驗證碼。',
  'Sign in elsewhere': '由別處登入',
  'The address of the provider of single sign-on, to which the page then goes. It comes back to `callbackURL`, or to `errorCallbackURL` with `error` in the query. Whoever has no account yet needs an invitation, or an address of a domain that the operator lets in, and the provider must have verified it.':
    '單一登入服務的位址，網頁接著前往該處。之後會回到 `callbackURL`；失敗時回到 `errorCallbackURL`，查詢字串帶有 `error`。還沒有帳號的人需要邀請，或使用管理者允許的網域的地址，而且該服務必須驗證過這個地址。',
  'Sign out': '登出',
  'Ends this session.': '結束這個工作階段。',
  'Who is signed in?': '目前是誰登入？',
  'This session and its person; null for nobody.':
    '這個工作階段和它的使用者；沒有人登入時是 null。',
  'List sessions': '列出工作階段',
  'Where you are signed in, the newest first. A session ends 30 days after its last use, and after 90 days in any case.':
    '您在哪些地方登入，新的在前。工作階段在最後一次使用的 30 天後結束，最長 90 天。',
  'End a session': '結束一個工作階段',
  'Its very next request is refused.': '它的下一個請求就會被拒絕。',
  'End all other sessions': '結束其他所有工作階段',
  'Only this one stays.': '只留下目前這個。',
  'Change the password': '更改密碼',
  'All other sessions end.': '其他所有工作階段都會結束。',
  'Change the e-mail address': '更改電子郵件地址',
  'Two mails, one after the other: the address that was verified must agree, then the new one. Nobody is told whether the new address is somebody’s already.':
    '先後兩封信：先由已驗證的地址同意，再由新的地址同意。不會透露新的地址是否已有人使用。',
  'Forgot the password': '忘記密碼',
  'Sends a link that is good once, for an hour. The answer is the same whether anybody has this address.':
    '寄出一個連結，一小時內可以用一次。不論有沒有人使用這個地址，回答都一樣。',
  'Set a new password': '設定新密碼',
  'With the token of the link. All sessions end.': '使用連結裡的 token。所有工作階段都會結束。',
  'Set two-factor up': '設定雙重驗證',
  'The address for an authenticator app, and backup codes, each good once. It holds from the first code that is verified.':
    '給驗證器 App 的位址，以及備用碼，每個只能用一次。第一個驗證碼通過之後才生效。',
  'Send a code of the app': '送出 App 的驗證碼',
  'Ends signing in, or setting up. Each code signs in once; ten wrong ones lock the account for a quarter of an hour.':
    '完成登入或設定。每個驗證碼只能登入一次；錯十次，帳號會鎖住十五分鐘。',
  'Send a backup code': '送出備用碼',
  'In place of a code of the app.': '代替 App 的驗證碼。',
  'New backup codes': '產生新的備用碼',
  'They take the place of all before.': '新的會取代之前所有的備用碼。',
  'See the app’s address again': '再看一次 App 的位址',
  'For another authenticator app.': '給另一個驗證器 App 用。',
  'Give two-factor up': '關閉雙重驗證',
  'From then on the password is enough.': '之後只要密碼就能登入。',
}
