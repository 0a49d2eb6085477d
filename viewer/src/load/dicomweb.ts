import { type DicomJson, type Picture, readPictures, readSeries, type Series } from '../image/series'
import { ask } from './api'

const root = '/dicom-web'
const id = encodeURIComponent

/** The series of a study, pictures first. */
export async function listSeries(study: string, signal?: AbortSignal): Promise<Series[]> {
  const list = await ask<DicomJson[] | undefined>(`${root}/studies/${id(study)}/series?includefield=0008103E,00201209,00200011`, signal ? { signal } : {})
  return readSeries(study, list ?? [])
}

/** The pictures of a series with their metadata, in reading order. */
export async function listPictures(s: Series, signal?: AbortSignal): Promise<Picture[]> {
  return readPictures((await ask<DicomJson[] | undefined>(`${seriesPath(s)}/metadata`, signal ? { signal } : {})) ?? [])
}

function seriesPath(s: Pick<Series, 'study' | 'uid'>): string {
  return `${root}/studies/${id(s.study)}/series/${id(s.uid)}`
}

/** Address of a series' small picture, made by the hub. */
export function thumbnailOf(s: Pick<Series, 'study' | 'uid'>): string {
  return `${seriesPath(s)}/thumbnail`
}

/** Address of the pixels of one picture. */
export function framesOf(s: Pick<Series, 'study' | 'uid'>, p: Pick<Picture, 'instance' | 'frame'>): string {
  return `${seriesPath(s)}/instances/${id(p.instance)}/frames/${p.frame}`
}
