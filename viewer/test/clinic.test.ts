import { describe, expect, test } from 'vitest'
import { ageString, checkId, Wedge } from '../src/app/clinic/idcard'
import { asksPregnancy, beginDraft, change, dated, missing, type OrderDraft, toForm } from '../src/app/clinic/orderdraft'
import { readBackList, sameItems } from '../src/app/clinic/readback'
import { bytesWord, remaining, verdictOf } from '../src/app/clinic/uploadwords'
import type { LineFile } from '../src/load/uploadline'
import { criticalItems } from '../src/text/critical'

describe('a resident ID number (GB 11643)', () => {
  test.each([
    ['11010519491231002X', { state: 'ok', birth: '1949-12-31', sex: 'F' }],
    ['11010519491231002x', { state: 'ok', birth: '1949-12-31', sex: 'F' }],
    ['440524188001010014', { state: 'ok', birth: '1880-01-01', sex: 'M' }],
    ['110105194912310021', { state: 'wrong' }],
    ['11010519491331002X', { state: 'wrong' }],
    ['1101051949', { state: 'short' }],
    ['1101051949A', { state: 'wrong' }],
    ['', { state: 'empty' }],
  ])('%s', (id, want) => expect(checkId(id, '2026-11-22')).toEqual(want))

  test('of somebody born tomorrow is wrong', () => expect(checkId('11010519491231002X', '1949-12-30')).toEqual({ state: 'wrong' }))
})

describe('a scanner', () => {
  const type = (w: Wedge, text: string, gap: number) => [...text, 'Enter'].map((k, i) => w.key(k, i * gap)).pop()
  test('is told from a person by its speed', () => {
    expect(type(new Wedge(), '11010519491231002X', 10)).toBe('11010519491231002X')
    expect(type(new Wedge(), '11010519491231002X', 120)).toBeNull()
    expect(type(new Wedge(), '123', 10)).toBeNull()
  })
})

describe('the order form', () => {
  const begin = () => beginDraft(null, { department: '', doctor: '' })
  const full: OrderDraft = { ...begin(), id_reason: 'none', patient_name: '王芳', sex: 'F', birth_date: '1980-01-02', department: '内科', doctor: '李医师', item: 'DX-CHEST', item_name: '胸片', modality: 'DX', history: '咳嗽', consent: true }

  test('an ID number fills sex and birth date', () => {
    expect(change(begin(), { id_number: '11010519491231002X' })).toMatchObject({ sex: 'F', birth_date: '1949-12-31', id_type: '01' })
  })

  test('a routine order lacks nothing only when it is whole', () => {
    expect(missing(full)).toEqual([])
    expect(missing({ ...full, history: '' })).toEqual(['history'])
    expect(missing({ ...full, consent: false, sex: '' })).toEqual(['sex', 'consent'])
    expect(missing(begin())).toContain('id_number')
  })

  test('an emergency needs a body part or a symptom, and no more', () => {
    const e = change(begin(), { visit: 'emergency' })
    expect(e.priority).toBe(1)
    expect(missing(e)).toEqual(['where'])
    expect(missing({ ...e, symptom: '胸痛' })).toEqual([])
    expect(change(e, { visit: 'outpatient' }).priority).toBe(3)
  })

  test('a wrong ID number is refused in an emergency too', () => {
    expect(missing({ ...full, visit: 'emergency', priority: 1, id_number: '110105194912310021' })).toEqual(['id_number'])
  })

  test('dates are typed in digits, ages go as DICOM states them', () => {
    expect(dated('19580312')).toBe('1958-03-12')
    expect(dated('1958')).toBe('1958')
    expect(ageString('3', 'M')).toBe('003M')
    expect(ageString('x', 'Y')).toBe('')
    expect(toForm({ ...full, birth_date: '', ageNumber: '56' }).age).toBe('056Y')
  })

  test('pregnancy is asked of women who may be pregnant, before radiation', () => {
    expect(asksPregnancy({ ...full, birth_date: '1995-01-01' })).toBe(true)
    expect(asksPregnancy({ ...full, birth_date: '1940-01-01' })).toBe(false)
    expect(asksPregnancy({ ...full, birth_date: '1995-01-01', modality: 'US' })).toBe(false)
    expect(asksPregnancy({ ...full, birth_date: '1995-01-01', sex: 'M' })).toBe(false)
  })
})

describe('read-back', () => {
  test('the finding stands among three others of its list, always the same ones', () => {
    const list = readBackList(['I04'], criticalItems, 'c1')
    expect(list).toHaveLength(4)
    expect(list).toContain('I04')
    expect(list.every((c) => c.startsWith('I'))).toBe(true)
    expect(readBackList(['I04'], criticalItems, 'c1')).toEqual(list)
  })

  test('a finding in words only is typed', () => expect(readBackList([], criticalItems, 'c1')).toEqual([]))

  test('only exactly what was found counts', () => {
    expect(sameItems(['E01'], ['E01'])).toBe(true)
    expect(sameItems(['E01', 'E03'], ['E01'])).toBe(false)
    expect(sameItems(['E03'], ['E01'])).toBe(false)
  })
})

describe('the line of an upload', () => {
  const file = (f: Partial<LineFile>): LineFile => ({ path: 'a.dcm', size: 1, mtime: 0, sha256: '', url: '', offset: 0, state: 'done', verdict: null, fault: '', ...f })

  test("shows the hub's advice once and links the task", () => {
    const advice = ['V3 导联脱落，请检查电极后重做']
    const v = verdictOf({ files: [file({ verdict: { result: 'stored', task: 'T1', advice } }), file({ verdict: { result: 'stored', task: 'T1', advice } })] })
    expect(v).toEqual({ tone: 'warn', sentences: advice, task: 'T1', none: false })
  })

  test('says what was kept, what was not and why', () => {
    const receipt = { complete: false, settled: true, awaited: 1, failed: 3, ignored: 0, reasons: [
      { code: 'upload.unknown_format', detail: '无法识别，已保留在隔离区。', files: 3, paths: ['d/a.bin', 'd/b.bin', 'd/c.bin'] },
      { code: 'upload.awaited', detail: '尚未传到，请继续上传。', files: 1, paths: ['d/e'] },
    ] }
    const bad = file({ verdict: { result: 'quarantined', detail: '无法识别，已保留在隔离区。' } })
    const v = verdictOf({ files: [file({ verdict: { result: 'stored', task: 'T1' } }), bad, bad, bad, file({ state: 'failed', fault: '断开' })], receipt })
    expect(v).toEqual({ tone: 'bad', task: 'T1', none: false, sentences: [
      '已保存 1/5 个文件，3 个未能接收，1 个没有传到', 'a.bin，b.bin 等 3 个：无法识别，已保留在隔离区。', 'e：尚未传到，请继续上传。', '断开',
    ] })
    expect(verdictOf({ files: [bad], receipt: { ...receipt, awaited: 0, failed: 1 } }).none).toBe(true)
  })

  test('does not call a file taken before the hub has said so', () => {
    expect(verdictOf({ files: [file({ verdict: null })] }).tone).toBe('warn')
  })

  test('tells that a repeat stands for the defective ECG', () => {
    const v = verdictOf({ files: [file({ verdict: { result: 'stored', corrects: { id: 'r1', at: '2026-11-21T02:31:00Z' } } })] })
    expect([v.tone, v.sentences[0]]).toEqual(['good', '重新采集合格，已替代 10:31 的记录，原检查会注明'])
  })

  test('says why a file was not taken in', () => {
    const v = verdictOf({ files: [file({ verdict: { result: 'quarantined', detail: '文件已损坏' } }), file({ state: 'failed', fault: 'unreadable' })] })
    expect(v.tone).toBe('bad')
    expect(v.sentences).toEqual(['文件已损坏', 'a.dcm 无法读取，光盘可能已取出。请重新选择。'])
  })

  test('writes sizes and times as people read them', () => {
    expect([bytesWord(900), bytesWord(1536), bytesWord(25 << 20)]).toEqual(['900 B', '1.5 KB', '25 MB'])
    expect([remaining(0, 0), remaining(100, 2), remaining(725, 1)]).toEqual(['0:00', '0:50', '12:05'])
  })
})
