import type { Draft } from '../../load/reports'
import type { Task } from '../../load/types'

/** A doubt about a text before it is sent; blocking ones must be cleared. */
export interface Doubt {
  code: 'impression_empty' | 'findings_empty' | 'residue' | 'side' | 'sex' | 'positive' | 'critical'
  blocks: boolean
  word?: string
}

const residue = /X{2,}|×{2,}|待补充|＿{2,}|_{2,}|【[^】]*】|\[[^\]]*\/[^\]]*\]/
const normal = /未见(明显)?(异常|病变)|正常(心电图|范围)?[。；,，]?$|大致正常|no (acute )?abnormalit|normal ecg|unremarkable/im
const maleOrgans = ['前列腺', '睾丸', '精囊', '阴囊']
const femaleOrgans = ['子宫', '卵巢', '附件区', '宫颈', '胎儿']
// Words of the critical lists that a report rarely uses otherwise.
const criticalWords = [
  '急性心肌梗死', '室颤', '心室颤动', '心室扑动', '室性心动过速', '尖端扭转', '三度房室', '高度房室', '夹层', '肺栓塞', '张力性气胸', '脑出血',
  '硬膜外', '硬膜下', '蛛网膜下腔出血', '脑疝', '膈下游离气体', '消化道穿孔', '心包填塞', '绞窄',
]
const denied = /(未见|无|除外|排除|没有|不考虑)[^。；，,]{0,12}$/

/** The hub checks again and decides; this tells while it is still cheap. */
export function doubts(d: Draft, task: Pick<Task, 'kind' | 'laterality' | 'patient'>): Doubt[] {
  const all = `${d.findings}\n${d.impression}`
  const found: Doubt[] = []
  if (d.impression.trim() === '') found.push({ code: 'impression_empty', blocks: true })
  if (d.findings.trim() === '') found.push({ code: 'findings_empty', blocks: task.kind !== 'ecg' })
  const left = residue.exec(all)
  if (left) found.push({ code: 'residue', blocks: true, word: left[0] })
  const side = wrongSide(d.impression, task.laterality)
  if (side) found.push({ code: 'side', blocks: false, word: side })
  const organ = wrongOrgan(all, task.patient.sex)
  if (organ) found.push({ code: 'sex', blocks: true, word: organ })
  if (d.positive && d.impression.length < 40 && normal.test(d.impression.trim())) found.push({ code: 'positive', blocks: false })
  const critical = d.critical ? null : affirmed(d.impression, criticalWords)
  if (critical) found.push({ code: 'critical', blocks: false, word: critical })
  return found
}

function wrongSide(text: string, laterality: string): string | null {
  const side = laterality.toUpperCase()
  if (side === 'L' && /右侧/.test(text) && !/左/.test(text)) return '右侧'
  if (side === 'R' && /左侧/.test(text) && !/右/.test(text)) return '左侧'
  return null
}

function wrongOrgan(text: string, sex: string): string | null {
  if (sex === 'F') return affirmed(text, maleOrgans)
  if (sex === 'M') return affirmed(text, femaleOrgans)
  return null
}

/** The first of the words that stands in the text and is not denied there. */
function affirmed(text: string, words: readonly string[]): string | null {
  for (const word of words) {
    for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
      if (!denied.test(text.slice(Math.max(0, at - 16), at))) return word
    }
  }
  return null
}
