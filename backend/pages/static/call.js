// Comfort on the page of one call: keys, the way to a second, copying, printing. Without it everything is still there.
'use strict'

const byId = id => document.getElementById(id)
const marks = [...document.querySelectorAll('.mark[id]')]
const told = byId('told')

// Each mark's moment has the id of its mark without "in-".
const cardOf = mark => byId(mark.id.slice(3)).closest('details')
const isShown = mark => !byId('only')?.checked || mark.classList.contains('due')

let here = []
function light(...elements) {
  for (const one of here) one.classList.remove('here')
  for (const one of elements) one.classList.add('here')
  here = elements
}

// -- the way to a moment: its remark is opened beside its words

function show(mark) {
  const card = cardOf(mark)
  card.open = true
  light(card)
  history.replaceState(history.state, '', '#' + mark.id.slice(3))
  return card
}

// What a step has opened is folded again by the next one.
let opened = null
function stepTo(mark) {
  const card = cardOf(mark)
  if (opened && opened !== card) opened.open = false
  opened = card.open ? null : card
  show(mark)
  mark.focus({ preventScroll: true })
  mark.scrollIntoView({ block: 'center' })
  const label = card.querySelector('summary b').textContent
  const line = mark.closest('li')
  const when = line.querySelector('.at').textContent
  const who = line.querySelector('bdi').textContent
  told.textContent = `${label}, ${who}, ${when}. Moment ${marks.indexOf(mark) + 1} of ${marks.length}.`
}

// Where the reader is: the mark that has the focus, the one that the address names, or what is on the screen.
function whereNow() {
  const at = marks.indexOf(document.activeElement)
  if (at >= 0) return at
  const named = marks.findIndex(mark => mark.id === 'in-' + location.hash.slice(1))
  if (named >= 0) return named
  const next = marks.findIndex(mark => mark.getBoundingClientRect().top > 0)
  return (next < 0 ? marks.length : next) - 0.5
}

function step(by, among) {
  const now = whereNow()
  const ahead = marks.filter((mark, at) => (by > 0 ? at > now : at < now) && among(mark))
  const next = by > 0 ? ahead[0] : ahead.at(-1)
  if (next) stepTo(next)
  else told.textContent = by > 0 ? 'That was the last moment.' : 'That was the first moment.'
}

document.addEventListener('click', event => {
  const link = event.target.closest('a')
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  // By key, the browser's own way is better: it goes on from the remark.
  if (!link.classList.contains('mark') || event.detail === 0) return light()
  const mark = byId('in-' + link.hash.slice(1))
  if (!mark) return
  event.preventDefault()
  show(mark).scrollIntoView({ block: 'nearest' })
})

// -- the way to a second: #t=754, #t=12:34, #t=1:02:33

const inSeconds = clock => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

function toSecond() {
  const asked = /^#t=(\d+(?:\.\d+)?|(?:\d+:)?\d+:\d\d)s?$/.exec(location.hash.replace(/%3a/gi, ':'))
  if (!asked) return
  const times = [...document.querySelectorAll('.turns > li > .at')]
  const second = inSeconds(asked[1])
  const spoken = times.filter(at => at.textContent.includes(':') && inSeconds(at.textContent) <= second).at(-1)
  if (!spoken) return
  light(spoken.parentElement)
  spoken.focus({ preventScroll: true })
  spoken.parentElement.scrollIntoView({ block: 'center' })
}
addEventListener('hashchange', toSecond)
toSecond()

// -- keys

const help = byId('keys')
const useKeys = byId('use-keys')
// Storage may be closed to pages; then the choice lasts as long as the page.
try {
  useKeys.checked = localStorage.getItem('keys') !== 'off'
  useKeys.addEventListener('change', () => localStorage.setItem('keys', useKeys.checked ? 'on' : 'off'))
} catch {}

const due = mark => mark.classList.contains('due') && isShown(mark)
const KEYS = {
  j: () => step(1, isShown),
  k: () => step(-1, isShown),
  J: () => step(1, due),
  K: () => step(-1, due),
  o: () => {
    const card = here[0]?.closest('details')
    if (card) card.open = !card.open
  },
}

function showHelp() {
  help.showModal()
  help.querySelector('button').focus()
}

document.addEventListener('keydown', event => {
  const typing = event.target.closest('input:not([type=checkbox]), textarea, select, [contenteditable]')
  if (typing || help.open || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key === '?') showHelp()
  else if (useKeys.checked && marks.length && Object.hasOwn(KEYS, event.key)) KEYS[event.key]()
  else return
  event.preventDefault()
})
const showKeys = byId('show-keys')
if (showKeys) {
  showKeys.hidden = false
  showKeys.addEventListener('click', showHelp)
}

// -- copying and printing

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const text = byId(button.dataset.copy)
    text.select()
    try {
      await navigator.clipboard.writeText(text.value)
      button.textContent = told.textContent = 'Copied'
    } catch {
      // Not over plain http: the text is selected.
      button.textContent = told.textContent = 'Selected: press Ctrl+C or ⌘C'
    }
  })
}

byId('print').hidden = false
byId('print').addEventListener('click', () => print())
let folded = []
addEventListener('beforeprint', () => {
  folded = [...document.querySelectorAll('main details:not([open])')]
  for (const one of folded) one.open = true
})
addEventListener('afterprint', () => {
  for (const one of folded) one.open = false
})
