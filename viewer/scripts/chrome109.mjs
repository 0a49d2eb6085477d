// Fails the build when it holds what Chrome 109 does not know: the last one for
// Windows 7, which clinics still have. Syntax and CSS are known to compilers:
// what they would rewrite for it is newer. Built-in functions are looked for by
// name.
import { readdirSync, readFileSync } from 'node:fs'
import { Features, transform } from 'lightningcss'
import { transformWithOxc } from 'vite'

const folder = process.argv[2] ?? 'dist/assets/'

/** Built-in functions by the Chrome that brought them. */
const later = {
  110: ['toSorted', 'toReversed', 'toSpliced'],
  111: ['startViewTransition', 'isWellFormed', 'toWellFormed'],
  114: ['showPopover', 'hidePopover', 'togglePopover'],
  116: ['AbortSignal.any'],
  117: ['Object.groupBy', 'Map.groupBy'],
  119: ['withResolvers'],
  120: ['URL.canParse'],
  121: ['Array.fromAsync'],
  122: ['Iterator.from', 'isSubsetOf', 'isSupersetOf', 'isDisjointFrom', 'symmetricDifference'],
  128: ['Promise.try'],
  136: ['RegExp.escape'],
  140: ['Uint8Array.fromBase64', 'toBase64'],
}

/** What is too new in a script, in words. */
async function script(code) {
  const as = async (target) => (await transformWithOxc(code, 'chunk.js', { target, sourcemap: false })).code
  const found = (await as('chrome109')) === (await as('esnext')) ? [] : ['syntax']
  for (const [chrome, names] of Object.entries(later)) {
    for (const name of names) {
      if (new RegExp(`(^|[^\\w$])${name.replace('.', '\\.')}\\(`).test(code)) found.push(`${name} (Chrome ${chrome})`)
    }
  }
  return found
}

/** The same of a style sheet. */
function style(css) {
  // For light-dark() the compiler adds variables to every colour-scheme, whether it is used or not.
  const as = (chrome) => transform({ filename: 'sheet.css', code: css, minify: true, targets: { chrome: chrome << 16 }, exclude: Features.LightDark }).code.toString()
  const found = as(109) === as(999) ? [] : ['CSS']
  return css.includes('light-dark(') ? [...found, 'light-dark() (Chrome 123)'] : found
}

let bad = false
for (const name of readdirSync(folder).sort()) {
  const bytes = /\.(js|css)$/.test(name) && readFileSync(folder + name)
  const found = !bytes ? [] : name.endsWith('.css') ? style(bytes) : await script(bytes.toString())
  if (found.length === 0) continue
  bad = true
  console.log(`NEW   ${name}: newer than Chrome 109: ${found.join(', ')}`)
}
if (!bad) console.log('ok    nothing newer than Chrome 109')
process.exit(bad ? 1 : 0)
