import { AngleTool, LengthTool } from '@cornerstonejs/tools'
import { spacingSource } from '../image/spacing'
import { pictureOf } from './known'

/** Words for where the millimetres of a length come from. */
export type MeasureWords = Record<ReturnType<typeof spacingSource>, string>

interface Stats {
  cachedStats?: Record<string, { length?: number | null; angle?: number | null; unit?: string } | undefined>
}

/**
 * The text beside a measurement: a length always says where its millimetres
 * come from, and stays in pixels where nothing is known.
 */
export function measureText(tool: string, words: MeasureWords): Record<string, unknown> {
  if (tool === LengthTool.toolName) {
    return {
      getTextLines: (data: Stats, target: string) => {
        const s = data.cachedStats?.[target]
        if (typeof s?.length !== 'number' || !Number.isFinite(s.length)) return []
        const picture = pictureOf(target)
        const source = picture ? spacingSource(picture.metadata) : 'none'
        if (source === 'none' || s.unit?.startsWith('px')) return [`${s.length.toFixed(0)} px`, words.none]
        const unit = s.unit?.split(' ')[0] ?? 'mm'
        return [`${s.length.toFixed(unit === 'cm' ? 2 : 1)} ${unit}`, words[source]]
      },
    }
  }
  if (tool === AngleTool.toolName) {
    return {
      getTextLines: (data: Stats, target: string) => {
        const angle = data.cachedStats?.[target]?.angle
        return typeof angle === 'number' && Number.isFinite(angle) ? [`${angle.toFixed(1)}°`] : []
      },
    }
  }
  return {}
}
