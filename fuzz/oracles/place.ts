// A place in a body without what is random in it: as a feature, one kind of place counts once.
import { publicPath } from '#wire'

export function kindOfPlace(path: string): string {
  return publicPath(path).replace(/\d+/g, '#').split('/').slice(0, 8).join('/')
}
