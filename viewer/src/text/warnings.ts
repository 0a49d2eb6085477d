import type { Warning } from '../load/types'
import { catalogue, language } from './catalogue'

export const zh = {
  'identity.mismatch': '图像中的患者（{header_name}）与申请（{order_name}）不一致',
  'identity.absent': '图像中没有患者信息，请核对',
  'identity.pinyin_only': '图像中只有拼音姓名，请核对',
  'text.repaired': '图像中的文字编码（{charset}）有误，显示已修复',
  'objects.after_signing': '签发后又收到图像，请核对报告',
  other: '请注意：{code}',
} as const

export const en: { readonly [K in keyof typeof zh]: string } = {
  'identity.mismatch': 'The patient in the images ({header_name}) differs from the order ({order_name})',
  'identity.absent': 'The images name no patient, please check',
  'identity.pinyin_only': 'The images name the patient in Latin letters only, please check',
  'text.repaired': 'Text in the images was labelled wrongly ({charset}); the display is repaired',
  'objects.after_signing': 'Images arrived after signing, please check the report',
  other: 'Please note: {code}',
}

const text = catalogue(zh, en)

/** The sentence of a task's warning; an unknown code is shown as it is. */
export function warningText(w: Warning): string {
  const told = w.values?.[language.value === 'en' ? 'en' : 'zh'] // the hub's own sentence, as for ECG quality
  if (told) return told
  const known = Object.hasOwn(zh, w.code) ? (w.code as keyof typeof zh) : null
  return known ? text(known, w.values) : text('other', { code: w.code })
}
