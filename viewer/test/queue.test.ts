import { describe, expect, test } from 'vitest'
import type { Task } from '../src/load/types'
import { belongs, byQueue, fits, level, reads, settle, step } from '../src/app/worklist/queue'
import { initials } from '../src/text/pinyin'

const at = Date.parse('2026-11-21T06:00:00Z')
const minutes = (n: number) => new Date(at + n * 60_000).toISOString()

function task(over: Partial<Task>): Task {
  return {
    id: 'a', state: 'queued', kind: 'image', modality: 'DX', priority: 3, due: minutes(60), t_submit: minutes(-10), member: 'CLINIC1', member_name: '',
    centre: 'LEAD', centre_name: '', offered: '', offered_name: '', handed_from: '', handed_from_name: '', order: '', accession: 'ACC-7', study: '', studies: [], recording: '', report: '', holder: '', holder_name: '', writer: '', claim: 0,
    arrived: 2, expected: 2, complete: true, waived: '', warnings: [], prealert: [], department: '', doctor: '', purpose: '', symptom: '', owed: [],
    patient: { id: 'P0012345', name: '王建国', sex: 'M', birth_date: '', age: '56岁' }, item: 'DX01', item_name: '胸部DR', body_part: 'CHEST',
    laterality: '', history: '', returned: null, t_exam: null, t_claim: null, t_first_image: null, t_prelim: null, t_written: null, t_signed: null,
    t_delivered: null, t_ack: null, visit: 'outpatient', thumbnail: null, grade: '', version: 1, ...over,
  }
}

describe('the queue', () => {
  test('is of what the own centre may read: its own, and what is offered to it', () => {
    const handed = task({ centre: 'CITY', handed_from: 'LEAD' })
    expect([reads(task({}), 'LEAD'), reads(handed, 'LEAD'), reads(handed, 'CITY')]).toEqual([true, false, true])
    expect([reads(task({ offered: 'CITY' }), 'CITY'), reads(task({ offered: 'CITY' }), 'LEAD')]).toEqual([true, true])
  })

  test('goes by priority, then by deadline, then by who waited longer', () => {
    const list = [
      task({ id: 'routine' }),
      task({ id: 'later', due: minutes(90) }),
      task({ id: 'green', priority: 0, due: minutes(9) }),
      task({ id: 'older', t_submit: minutes(-11) }),
    ]
    expect(list.sort(byQueue(at)).map((t) => t.id)).toEqual(['green', 'older', 'routine', 'later'])
  })

  test('lifts what has used four fifths of its time by one level', () => {
    expect(level(task({ t_submit: minutes(-80), due: minutes(20) }), at)).toBe(2)
    expect(level(task({ t_submit: minutes(-79), due: minutes(21) }), at)).toBe(3)
    expect(level(task({ priority: 0, t_submit: minutes(-100), due: minutes(-1) }), at)).toBe(0)
    expect(level(task({ due: null }), at)).toBe(3)
  })

  test("does not show a colleague's case as mine", () => {
    expect(belongs(task({ state: 'claimed', holder: 'me' }), 'mine', 'me')).toBe(true)
    expect(belongs(task({ state: 'claimed', holder: 'you' }), 'mine', 'me')).toBe(false)
    expect(belongs(task({ priority: 2 }), 'emergency', 'me')).toBe(false)
    expect(belongs(task({ state: 'delivered' }), 'issued', 'me')).toBe(true)
  })
})

describe('rows on the screen', () => {
  test('stay in place when a colleague takes one of them', () => {
    expect(settle(['a', 'b', 'c'], ['a', 'c'], false)).toEqual(['a', 'b', 'c'])
  })
  test('make room for a new one where it belongs', () => {
    expect(settle(['a', 'b', 'c'], ['a', 'x', 'c', 'y'], false)).toEqual(['a', 'b', 'x', 'c', 'y'])
  })
  test('leave when nobody points at them', () => {
    expect(settle(['a', 'b', 'c'], ['c', 'd'], true)).toEqual(['c', 'd'])
  })
  test('are walked with the arrow keys', () => {
    expect(step(['a', 'b'], null, 1)).toBe('a')
    expect(step(['a', 'b'], 'a', 1)).toBe('b')
    expect(step(['a', 'b'], 'b', 1)).toBe('b')
    expect(step(['a', 'b'], 'gone', 1)).toBe('a')
    expect(step([], null, 1)).toBeNull()
  })
})

describe('the search box', () => {
  test.each(['王建', 'wjg', 'WJ', 'acc-7', '2345', '胸部'])('finds the exam by %s', (q) => {
    expect(fits(task({}), q)).toBe(true)
  })
  test.each(['李', 'jg', '0012'])('does not find it by %s', (q) => {
    expect(fits(task({}), q)).toBe(false)
  })
  test('knows pinyin initials', () => {
    expect(initials('欧阳小明')).toBe('oyxm')
    expect(initials('张三A1')).toBe('zsa1')
  })
})
