import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** OHIF as its makers built it. Its package lists what it was built from, so it is packed, not installed. */
const version = '3.13.2'
const integrity = 'WZdxmpmG7rqFgW9ZJLcbgr3XCtLi1KDNPoMaeY5PPe6j4G4fjEjjkycZM6C6Zk2F87BKxFfpq+jd5xXZB9E8EA=='

/** The folder of OHIF's pages, fetched by npm when it is not there yet. */
export async function ohifPages(): Promise<string> {
  const folder = fileURLToPath(new URL(`../node_modules/.ohif-${version}`, import.meta.url))
  const pages = join(folder, 'package', 'dist')
  if (existsSync(join(pages, 'index.html'))) return pages
  const fresh = `${folder}.new`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await run('npm', ['pack', `@ohif/app@${version}`, '--silent', '--pack-destination', fresh], { timeout: 180_000 })
  const archive = join(fresh, `ohif-app-${version}.tgz`)
  const sum = createHash('sha512').update(await readFile(archive)).digest('base64')
  if (sum !== integrity) throw new Error(`@ohif/app ${version} is another one than expected: sha512-${sum}`)
  await run('tar', ['-xzf', archive, '-C', fresh])
  await rm(archive)
  await rm(folder, { recursive: true, force: true })
  await rename(fresh, folder)
  return pages
}

/** OHIF's settings for a DICOMweb root. */
export function ohifConfig(root: string): string {
  const configuration = {
    friendlyName: 'Yuanzhen',
    name: 'yuanzhen',
    wadoUriRoot: root,
    qidoRoot: root,
    wadoRoot: root,
    qidoSupportsIncludeField: true,
    supportsReject: false,
    imageRendering: 'wadors',
    thumbnailRendering: 'wadors',
    enableStudyLazyLoad: true,
    supportsFuzzyMatching: true,
    supportsWildcard: true,
    bulkDataURI: { enabled: true },
  }
  return `window.config = ${JSON.stringify({
    routerBasename: '/',
    extensions: [],
    modes: [],
    showStudyList: true,
    showWarningMessageForCrossOrigin: false,
    showLoadingIndicator: true,
    investigationalUseDialog: { option: 'never' },
    dataSources: [{ namespace: '@ohif/extension-default.dataSourcesModule.dicomweb', sourceName: 'hub', configuration }],
    defaultDataSourceName: 'hub',
  })}`
}
