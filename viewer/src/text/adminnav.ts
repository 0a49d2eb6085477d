import { catalogue } from './catalogue'

export const zh = {
  board: '调度', quality: '作废审批', overview: '统计', accounts: '账号', members: '成员单位', devices: '设备', agreements: '协议', roster: '排班',
  catalogue: '互认目录', audit: '审计', me: '我的账号',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  board: 'Dispatch', quality: 'Voiding', overview: 'Figures', accounts: 'Accounts', members: 'Members', devices: 'Devices', agreements: 'Agreements', roster: 'Roster',
  catalogue: 'Catalogue', audit: 'Audit', me: 'My account',
}

/** The administrators' words in the header. */
export const t = catalogue(zh, en)
