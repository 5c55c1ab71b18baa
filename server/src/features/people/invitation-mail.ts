/** The mail that holds an invitation, in both languages: nobody knows yet which one its reader speaks. */
export const invitationMail = (invitation: {
  to: string
  workspace: string
  inviter: string
  link: string
  days: number
}): { to: string; subject: string; text: string } => {
  const { to, workspace, inviter, link, days } = invitation
  return {
    to,
    subject: `${inviter} 邀請您加入 ${workspace} / ${inviter} invites you to ${workspace}`,
    text: `${inviter} 邀請您加入 Melzi 上的「${workspace}」。請在 ${days} 天內開啟這個連結（只能使用一次）：

${link}

如果您不認識邀請人，請忽略這封信。

--

${inviter} invites you to "${workspace}" on Melzi. Open this link within ${days} days; it works once:

${link}

If you do not know who invites you, ignore this mail.
`,
  }
}
