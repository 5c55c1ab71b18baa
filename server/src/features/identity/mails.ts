import type { Mail } from '../../platform/mail.ts'

/** Mails of signing in. Nobody's language is known before they are in, so each mail is written in both. */

const both = (to: string, subject: [string, string], chinese: string, english: string): Mail => ({
  to,
  subject: subject.join(' / '),
  text: `${chinese}\n\n----\n\n${english}`,
})

/** @param link good once, for an hour */
export const resetMail = (to: string, link: string): Mail =>
  both(
    to,
    ['Melzi：重設密碼', 'Set a new password'],
    `有人要求重設您在 Melzi 的密碼。如果是您本人，請在一小時內開啟以下連結，設定新密碼：\n\n${link}\n\n如果不是您，請不用理會這封信，您的密碼不會改變。`,
    `Somebody asked to set a new password for your account at Melzi. If it was you, open this address within an hour:\n\n${link}\n\nIf it was not, you need not do anything: your password stays as it is.`,
  )

/** To the address that is to be left. @param link good for an hour */
export const leaveAddressMail = (to: string, newAddress: string, link: string): Mail =>
  both(
    to,
    ['Melzi：變更電子郵件地址', 'Change your e-mail address'],
    `有人要求把您在 Melzi 的電子郵件地址改成 ${newAddress}。如果是您本人，請在一小時內開啟以下連結。接著我們會寄一封信到新的地址：\n\n${link}\n\n如果不是您，請不要開啟連結，並儘快更改密碼。`,
    `Somebody asked to change the e-mail address of your account at Melzi to ${newAddress}. If it was you, open this address within an hour; a second mail then goes to the new address:\n\n${link}\n\nIf it was not, do not open it, and change your password soon.`,
  )

/** To an address that is to be proven. @param link good for an hour */
export const proveAddressMail = (to: string, link: string): Mail =>
  both(
    to,
    ['Melzi：確認電子郵件地址', 'Confirm your e-mail address'],
    `請在一小時內開啟以下連結，確認這是您在 Melzi 的電子郵件地址：\n\n${link}\n\n如果您不知道這是什麼，請不用理會這封信。`,
    `Open this address within an hour to confirm that this e-mail address is yours at Melzi:\n\n${link}\n\nIf you do not know what this is about, you need not do anything.`,
  )
