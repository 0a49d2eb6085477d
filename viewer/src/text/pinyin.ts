// The first character of each initial in pinyin order; a character belongs to
// the last boundary that does not sort after it.
const bounds = '阿八嚓哒妸发旮哈讥咔垃痳拏噢妑七呥仨他屲夕丫帀'
const letters = 'abcdefghjklmnopqrstwxyz'

let collator: Intl.Collator | null | undefined

function order(): Intl.Collator | null {
  if (collator === undefined) {
    const c = new Intl.Collator('zh-Hans-CN-u-co-pinyin')
    // A browser without Chinese collation orders by code point: no initials.
    collator = c.compare('阿', '八') < 0 && c.compare('帀', '丫') > 0 ? c : null
  }
  return collator
}

/** Pinyin initials of a name in lower case: 王建国 → "wjg"; Latin stays. */
export function initials(name: string): string {
  const c = order()
  let out = ''
  for (const ch of name) {
    if (/[a-z0-9]/i.test(ch)) out += ch.toLowerCase()
    else if (c && /\p{Script=Han}/u.test(ch)) out += initial(ch, c)
  }
  return out
}

function initial(ch: string, c: Intl.Collator): string {
  for (let i = bounds.length - 1; i >= 0; i--) {
    if (c.compare(ch, bounds[i]!) >= 0) return letters[i]!
  }
  return ''
}
