// Fails the build when a page grows beyond what a clinic's line can carry:
// gzip sizes of everything a page loads before it is usable.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const kB = 1024
// A page is its entry plus what the route loads; lazy chunks of a page (the
// image viewer) are measured by themselves.
const budgets = [
  { name: 'shell and login', of: ['index.html'], limit: 75 * kB },
  { name: 'clinic pages', of: ['index.html', 'src/app/clinic/'], limit: 75 * kB },
  { name: 'worklist', of: ['index.html', 'src/app/worklist/page.tsx'], limit: 100 * kB },
  { name: 'case and report', of: ['index.html', 'src/app/case/page.tsx'], limit: 100 * kB },
  { name: 'image viewer', of: ['src/tools/'], limit: 1.05 * kB * kB },
]

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'))

function collect(key, files, seen) {
  const entry = manifest[key]
  if (!entry || seen.has(key)) return
  seen.add(key)
  files.add(entry.file)
  for (const css of entry.css ?? []) files.add(css)
  for (const dep of entry.imports ?? []) collect(dep, files, seen)
}

const gz = (file) => gzipSync(readFileSync(`dist/${file}`), { level: 9 }).length

let over = false
for (const b of budgets) {
  const keys = Object.keys(manifest).filter((k) => b.of.some((o) => (o.endsWith('/') ? k.startsWith(o) && manifest[k].isDynamicEntry : k === o)))
  const files = new Set()
  const seen = new Set()
  // The largest page of a folder counts, not their sum.
  const shared = keys.filter((k) => k === 'index.html')
  const pages = keys.filter((k) => k !== 'index.html')
  for (const k of shared) collect(k, files, seen)
  let size = [...files].reduce((n, f) => n + gz(f), 0)
  let largest = 0
  for (const k of pages) {
    const own = new Set()
    collect(k, own, new Set(seen))
    largest = Math.max(largest, [...own].filter((f) => !files.has(f)).reduce((n, f) => n + gz(f), 0))
  }
  size += largest
  const bad = size > b.limit
  over ||= bad
  console.log(`${bad ? 'OVER ' : 'ok   '} ${b.name}: ${(size / kB).toFixed(1)} kB of ${(b.limit / kB).toFixed(0)} kB gzip`)
}
process.exit(over ? 1 : 0)
