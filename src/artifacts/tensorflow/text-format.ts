// TensorFlow's graphs as text: .pbtxt files of frozen graphs, meta graphs and SavedModels. Judged as the binary ones are.
import { ArtifactError } from '../error.ts'
import type { Examination, Format } from '../format.ts'
import { escapesFolder } from '../member-name.ts'
import { exactly } from '../reader.ts'
import { bytesSource } from '../source.ts'
import { shown } from '../text.ts'
import { judgeGraph } from './judge.ts'
import { outsideAsset } from './rules.ts'
import { graphOfText, messagesNamed, parseTextFormat, type TextMessage, textsNamed } from './text-graph.ts'

const beginning =
  /^(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*(?:node|library|versions|meta_graphs|meta_info_def|graph_def|saved_model_schema_version)\s*[:{<]/

export const textGraph: Format = {
  id: 'tf-text-graph',
  isActive: false,
  recognise({ head, name }) {
    if (name === 'saved_model.pbtxt') return 'certain'
    return beginning.test(Buffer.from(head).toString('latin1')) ? 'plausible' : undefined
  },
  examine(examination) {
    const { source, budget } = examination
    if (source.size > budget.limits.memberBytes)
      throw new ArtifactError('over_limit', `limit reached: a graph of ${source.size} bytes of text`)
    const text = exactly(source, 0, source.size, 'the graph').toString('utf8')
    const root = parseTextFormat(text, () => budget.checkTime())
    judgeGraph(examination, graphOfText(root), new Set())
    for (const meta of [root, ...messagesNamed(root, 'meta_graphs')]) examineMetaGraph(examination, meta)
    return source.size
  },
}

function examineMetaGraph(examination: Examination, meta: TextMessage): void {
  const { report, enter } = examination
  const assets = new Set<string>()
  for (const asset of messagesNamed(meta, 'asset_file_def')) {
    for (const tensor of messagesNamed(asset, 'tensor_info').flatMap((each) => textsNamed(each, 'name')))
      assets.add(tensor.replace(/:\d+$/, ''))
    for (const name of textsNamed(asset, 'filename').filter(escapesFolder)) {
      const message = `The asset ${shown(name)} leads out of the folder.`
      report({ rule: outsideAsset, message, at: { offset: asset.offset }, subject: shown(name) })
    }
  }
  for (const graph of messagesNamed(meta, 'graph_def')) judgeGraph(examination, graphOfText(graph), assets)
  for (const object of messagesNamed(meta, 'object_graph_def').flatMap((each) => messagesNamed(each, 'nodes')))
    for (const user of messagesNamed(object, 'user_object'))
      for (const configuration of textsNamed(user, 'metadata'))
        if (/^\s*\{/.test(configuration))
          enter(`node at ${user.offset}.json`, bytesSource(Buffer.from(configuration)), 'keras-config')
}
