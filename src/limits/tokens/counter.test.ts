// Estimates against OpenAI's own encodings. The first article of the Universal Declaration of Human Rights stands for
// languages, files of this repository for code and documents.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { createTokenCounter } from './counter.ts'
import { createTokenEstimator } from './estimate.ts'
import { type FamilyName, familyNames } from './weights.ts'

const encodings = { o200k, cl100k }

function estimate(text: string, family: FamilyName): number {
  const counter = createTokenCounter(family)
  counter.push(text)
  return counter.tokens
}

/** Estimate divided by the true number, for each text and encoding. */
function ratios(t: TestContext, texts: Readonly<Record<string, string>>): number[] {
  return Object.entries(texts).flatMap(([name, text]) => {
    const pair = (['o200k', 'cl100k'] as const).map((family) => estimate(text, family) / encodings[family](text))
    t.diagnostic(`${name}: o200k ${pair[0]?.toFixed(2)}, cl100k ${pair[1]?.toFixed(2)}`)
    return pair
  })
}

const languages = {
  English:
    'All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience and should act towards one another in a spirit of brotherhood.',
  German:
    'Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt und sollen einander im Geiste der Brüderlichkeit begegnen.',
  French:
    'Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de conscience et doivent agir les uns envers les autres dans un esprit de fraternité.',
  Spanish:
    'Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y conciencia, deben comportarse fraternalmente los unos con los otros.',
  Finnish:
    'Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä.',
  Hungarian:
    'Minden emberi lény szabadon születik és egyenlő méltósága és joga van. Az emberek, ésszel és lelkiismerettel bírván, egymással szemben testvéri szellemben kell hogy viseltessenek.',
  Polish:
    'Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa.',
  Turkish:
    'Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler.',
  Vietnamese:
    'Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. Mọi con người đều được tạo hóa ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình anh em.',
  Russian:
    'Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и должны поступать в отношении друг друга в духе братства.',
  Greek:
    'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.',
  Arabic:
    'يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء.',
  Hebrew:
    'כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה.',
  Hindi:
    'सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और अन्तरात्मा की देन प्राप्त है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।',
  Bengali:
    'সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে। তাঁদের বিবেক এবং বুদ্ধি আছে; সুতরাং সকলেরই একে অপরের প্রতি ভ্রাতৃত্বসুলভ মনোভাব নিয়ে আচরণ করা উচিত।',
  Thai: 'มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม และควรปฏิบัติต่อกันด้วยเจตนารมณ์แห่งภราดรภาพ',
  Chinese: '人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。',
  Japanese:
    'すべての人間は、生れながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを授けられており、互いに同胞の精神をもって行動しなければならない。',
  Korean:
    '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다.',
}

const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8').slice(0, 20_000)

test('of what people write, in nineteen languages, the estimate is never too low and never twice too high', (t) => {
  for (const ratio of ratios(t, languages)) assert.ok(ratio >= 1 && ratio <= 2, `${ratio}`)
})

test('the same of documents, code and data', (t) => {
  const texts = {
    prose: file('CONTRIBUTING.md'),
    tables: file('docs/gateway.md'),
    TypeScript: file('src/gateway/pipeline.ts'),
    JSON: file('package-lock.json'),
    'JSON without spaces': JSON.stringify(JSON.parse(file('package.json'))),
    CSV: Array.from({ length: 100 }, (_, i) => `${i},${i * 37.5},2026-01-${10 + (i % 20)},name${i}`).join('\n'),
  }
  for (const ratio of ratios(t, texts)) assert.ok(ratio >= 1 && ratio <= 2, `${ratio}`)
})

test('of what nobody writes it can be too low, but not by much', (t) => {
  let seed = 1
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const from = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const texts = {
    base64: from(`${letters}${letters.toUpperCase()}0123456789+/`, 2000),
    hexadecimal: from('0123456789abcdef', 2000),
    letters: from(letters, 2000),
    words: Array.from({ length: 300 }, () => from(letters, 2 + Math.floor(random() * 8))).join(' '),
    signs: from('!"#$%&()*+,-./:;<=>?@[]^_{|}~', 2000),
    'rare characters': Array.from({ length: 500 }, () =>
      String.fromCharCode(0x4e00 + Math.floor(random() * 0x5000)),
    ).join(''),
  }
  for (const ratio of ratios(t, texts)) assert.ok(ratio >= 0.5, `${ratio}`)
})

test('with bytes for a bound, no text has more tokens than it is taken for', () => {
  const estimator = createTokenEstimator({ families: [], bound: 'certain', maxOutput: 1, uninspected: 0 })
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const bound = estimator.input({ model: 'gpt-5', parts: [{ text }], blocks: [], uninspected: [], choices: 1 })
      for (const count of [o200k, cl100k]) assert.ok(count(text) <= bound)
    }),
  )
})

test('a text has no more tokens than bytes, and in pieces as many as whole', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.nat(100),
      fc.constantFrom(...familyNames),
      (text, at, family) => {
        const pieces = createTokenCounter(family)
        pieces.push(text.slice(0, at))
        pieces.push(text.slice(at))
        assert.equal(pieces.tokens, estimate(text, family))
        assert.ok(pieces.tokens <= Buffer.byteLength(text))
        assert.ok(Number.isSafeInteger(pieces.tokens))
      },
    ),
  )
})

test('families differ as their vendors say, and a model that nobody knows is taken for the dearest', () => {
  const estimator = createTokenEstimator({
    families: [{ models: ['house-model'], family: 'o200k' }],
    bound: 'usual',
    maxOutput: 100,
    uninspected: 1000,
  })
  const input = (model: string) =>
    estimator.input({ model, parts: [{ text: languages.English }], blocks: [], uninspected: [], choices: 1 })
  assert.ok(input('gpt-5') < input('claude-opus-5'))
  assert.equal(input('house-model'), input('gpt-5'))
  assert.equal(input('mystery'), Math.max(...['gpt-5', 'gpt-4', 'claude-x', 'llama-3', 'mystery'].map(input)))
})

test('an answer is taken to be as long as the request allows, for each choice, and images count as configured', () => {
  const estimator = createTokenEstimator({ families: [], bound: 'usual', maxOutput: 100, uninspected: 1000 })
  const request = { model: 'gpt-5', parts: [], blocks: [], uninspected: [{}, {}], choices: 3 }
  assert.equal(estimator.output(request), 300)
  assert.equal(estimator.output({ ...request, maxOutputTokens: 7 }), 21)
  assert.equal(estimator.input(request) - estimator.input({ ...request, uninspected: [] }), 2000)
})
