import { catalogue } from './catalogue'

/** The parts of an audited action, `thing.deed`; a part without a word is shown as it is. */
export const zh = {
  account: '账号', agreement: '协议', audit: '审计', backup: '备份', batch: '上传批次', critical: '危急值', device: '设备', duty: '排班',
  images: '图像', login: '登录', logout: '退出', member: '成员单位', order: '申请单', original: '原始文件', password: '密码', patient: '患者',
  reassign: '更正', recognition: '互认', recording: '心电记录', report: '报告', result: '外部结果', route: '转发', study: '检查', task: '任务',
  token: '令牌', totp: '两步验证', upload: '上传', '2fa': '两步验证',
  do_acknowledge: '确认查阅', do_activated: '启用', do_add: '补充', do_approve: '审核通过', do_cancel: '撤销', do_changed: '修改', do_claim: '领取',
  do_confirmed: '确认', do_create: '新建', do_created: '新建', do_deactivated: '停用', do_declare: '登记', do_decline: '不予互认', do_deliver: '回传',
  do_download: '下载', do_due_soon: '临近时限', do_edit: '修改', do_ended: '终止', do_enrolled: '启用', do_escalate: '上级会诊', do_escalated: '升级提醒', do_expire: '超时释放',
  do_failed: '失败', do_import: '导入', do_judge: '核对', do_locked: '锁定', do_made: '完成', do_marks: '标记', do_match: '匹配', do_merge: '合并',
  do_minted: '新建', do_notified: '通报', do_ok: '成功', do_opened: '打开图像', do_overdue: '已超时', do_priority: '改优先级', do_settled: '到齐', do_unclaimed: '无人领取', do_waived: '放行', do_arrived: '到达', do_declared: '申报数量', do_preliminary: '临时报告', do_print: '打印', do_quarantine: '处理隔离',
  do_query: '查询', do_read: '查看', do_recall: '撤回', do_received: '接收', do_recognise: '互认', do_reject: '退回修改', do_release: '释放', do_remove: '移除',
  do_removed: '移除', do_restored: '恢复', do_resubmit: '重新提交', do_retried: '重试', do_retrieve: '调阅', do_return: '退回', do_revise: '修订',
  do_revoked: '吊销', do_sent: '发送', do_settle: '结束', do_sign: '签发', do_signed: '签发', do_submit: '提交', do_told: '通知', do_transfer: '转派',
  do_unlocked: '解锁', do_unmerge: '取消合并', do_upload: '开始上传', do_view: '查看', do_void: '申请作废', do_void_confirm: '确认作废', do_void_refuse: '拒绝作废',
  do_write: '书写',
}

export const en: typeof zh = {
  account: 'Account', agreement: 'Agreement', audit: 'Audit', backup: 'Backup', batch: 'Upload batch', critical: 'Critical value', device: 'Device', duty: 'Duty',
  images: 'Images', login: 'Login', logout: 'Logout', member: 'Member', order: 'Order', original: 'Original file', password: 'Password', patient: 'Patient',
  reassign: 'Correction', recognition: 'Recognition', recording: 'ECG', report: 'Report', result: 'Outside result', route: 'Forwarding', study: 'Study', task: 'Task',
  token: 'Token', totp: 'Two-step login', upload: 'Upload', '2fa': 'Two-step login',
  do_acknowledge: 'confirmed', do_activated: 'activated', do_add: 'addendum', do_approve: 'approved', do_cancel: 'cancelled', do_changed: 'changed', do_claim: 'claimed',
  do_confirmed: 'confirmed', do_create: 'made', do_created: 'made', do_deactivated: 'deactivated', do_declare: 'declared', do_decline: 'declined', do_deliver: 'delivered',
  do_download: 'downloaded', do_due_soon: 'due soon', do_edit: 'changed', do_ended: 'ended', do_enrolled: 'switched on', do_escalate: 'referred up', do_escalated: 'escalated', do_expire: 'lease expired',
  do_failed: 'failed', do_import: 'imported', do_judge: 'checked', do_locked: 'locked', do_made: 'made', do_marks: 'marked', do_match: 'matched', do_merge: 'merged',
  do_minted: 'made', do_notified: 'notified', do_ok: 'succeeded', do_opened: 'images opened', do_overdue: 'overdue', do_priority: 'priority changed', do_settled: 'complete', do_unclaimed: 'unclaimed', do_waived: 'waived', do_arrived: 'arrived', do_declared: 'count declared', do_preliminary: 'preliminary report', do_print: 'printed', do_quarantine: 'quarantine resolved',
  do_query: 'asked', do_read: 'read', do_recall: 'recalled', do_received: 'received', do_recognise: 'recognised', do_reject: 'sent back', do_release: 'released', do_remove: 'removed',
  do_removed: 'removed', do_restored: 'restored', do_resubmit: 'sent again', do_retried: 'retried', do_retrieve: 'retrieved', do_return: 'returned', do_revise: 'revised',
  do_revoked: 'revoked', do_sent: 'sent', do_settle: 'settled', do_sign: 'signed', do_signed: 'signed', do_submit: 'submitted', do_told: 'told', do_transfer: 'transferred',
  do_unlocked: 'unlocked', do_unmerge: 'unmerged', do_upload: 'upload begun', do_view: 'viewed', do_void: 'void asked for', do_void_confirm: 'void confirmed', do_void_refuse: 'void refused',
  do_write: 'written',
}

const t = catalogue(zh, en)

/** What was done, in words: "任务 · 领取" for task.claim. */
export function actionWords(action: string): string {
  const [thing = '', ...rest] = action.split('.')
  const word = (key: string, code: string) => (key in zh ? t(key as keyof typeof zh) : code)
  const deed = rest.join('.')
  return [word(thing, thing), deed && word(`do_${deed}`, deed)].filter(Boolean).join(' · ')
}
