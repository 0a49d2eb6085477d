package api

import "github.com/yuanzhen/yuanzhen/internal/account"

// accountMessages are about who somebody is; internal/account makes the codes.
var accountMessages = messages{
	"login.wrong":          {"用户名或密码不正确。", "The login name or password is wrong."},
	account.TooOften:       {"此网络地址的登录尝试过于频繁，请 {retry_after} 秒后再试。", "Too many logins from this address; try again in {retry_after} seconds."},
	"login.totp_required":  {"请输入动态验证码。", "Enter the one-time code."},
	"login.totp_wrong":     {"动态验证码不正确或已用过，请等待下一个验证码。", "The one-time code is wrong or used; wait for the next one."},
	"account.locked":       {"连续输错次数过多，账号已锁定。请 {minutes} 分钟后再试，或联系安全管理员解锁。", "Too many wrong attempts: the account is locked. Try again in {minutes} minutes, or ask the security administrator."},
	"account.inactive":     {"该账号已停用。请联系管理员。", "This account is switched off. Ask the administrator."},
	"account.own":          {"不能对自己的账号执行此操作，请由另一位管理员处理。", "You may not do this to your own account; another administrator must."},
	"account.last_admin":   {"这是最后一个可用的管理员账号，不能停用。请先建立另一个。", "This is the last active administrator; make another one first."},
	"session.missing":      {"请先登录。", "Log in first."},
	"token.not_for_others": {"只能为技师账号（设备）生成令牌，其他人请自行生成。", "Tokens can be made for technicians' accounts only; others make their own."},
	"totp.enrolled":        {"该账号已启用动态验证码。", "This account has a one-time code already."},
	"setup.link_over":      {"设置链接已失效或已使用。请重新启动程序获取新链接，或请管理员重新生成。", "The link is used or too old. Restart the hub for a new one, or ask an administrator."},
	"field.taken":          {"“{field}”已被使用，请换一个。", "{field} is in use already; choose another."},
}
