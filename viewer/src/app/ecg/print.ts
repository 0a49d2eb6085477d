import { toastFault } from '../parts/toast'
import { askText } from '../../load/api'

/**
 * Prints the hub's drawing at true size: it is in millimetres on an A4 page,
 * so that 50 × 10 mm of paper measure 50 × 10 mm.
 */
export async function printPage(address: string): Promise<void> {
  try {
    const svg = await askText(address)
    const frame = document.createElement('iframe')
    frame.style.cssText = 'position:fixed;width:0;height:0;border:0'
    frame.srcdoc = printable(svg)
    frame.onload = () => {
      frame.contentWindow?.addEventListener('afterprint', () => frame.remove())
      frame.contentWindow?.print()
    }
    document.body.append(frame)
  } catch (fault) {
    toastFault(fault)
  }
}

/** A page that holds nothing but the drawing, without a margin of its own. */
export function printable(svg: string): string {
  return `<!doctype html><meta charset="utf-8"><style>@page{size:297mm 210mm;margin:0}html,body{margin:0;padding:0}svg{display:block}</style>${svg.replace(/^<\?xml[^>]*\?>/, '')}`
}
