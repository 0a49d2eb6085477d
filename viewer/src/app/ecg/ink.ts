import type { Ink } from '../../draw/paper'

/** The colours of paper and trace in the theme in force. */
export function inkOf(el: Element): Ink {
  const css = getComputedStyle(el)
  const v = (name: string) => css.getPropertyValue(name).trim()
  return { paper: v('--ecg-paper'), fine: v('--ecg-fine'), bold: v('--ecg-bold'), trace: v('--ecg-trace') }
}
