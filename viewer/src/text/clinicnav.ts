import { catalogue } from './catalogue'

export const zh = { upload: '上传', orders: '我的申请', results: '结果', recognition: '互认', reassign: '更正', duty: '值守' } as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  upload: 'Upload', orders: 'Orders', results: 'Results', recognition: 'Recognition', reassign: 'Corrections', duty: 'Duty mode',
}

/** The clinic's words in the header. */
export const t = catalogue(zh, en)
