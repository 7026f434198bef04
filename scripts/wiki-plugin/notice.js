/*\
title: $:/plugins/biplane/hosting/notice.js
type: application/javascript
module-type: library

One line at the bottom of the window. Outside of what TiddlyWiki draws: it is there whatever layout or theme a wiki has.
\*/

'use strict'

let bar

/**
 * Shows a text in place of the one before; what the person has put away stays away.
 *
 * options: canHide, whether the person may put it away; isAlert, whether it interrupts a screen reader; buttons, each { label, action }
 */
exports.show = function (text, { canHide = false, isAlert = false, buttons = [] } = {}) {
  if (bar?.dataset.text === text) return
  exports.hide()
  bar = document.createElement('div')
  bar.className = 'biplane-notice'
  bar.dataset.text = text
  bar.classList.toggle('biplane-notice-alert', isAlert)
  bar.setAttribute('role', isAlert ? 'alert' : 'status')
  const words = document.createElement('span')
  words.textContent = text
  bar.append(words, ...buttons.map(toButton))
  if (canHide) bar.append(toButton({ label: 'Hide', action: () => bar.setAttribute('hidden', '') }))
  document.body.append(bar)
}

exports.hide = function () {
  bar?.remove()
  bar = undefined
}

/** For somebody who tries again what cannot be done. */
exports.flash = function () {
  bar?.removeAttribute('hidden')
  bar?.animate([{ opacity: 0.2 }, { opacity: 1 }], { duration: 600 })
}

function toButton({ label, action }) {
  const button = document.createElement('button')
  button.type = 'button'
  button.textContent = label
  button.addEventListener('click', action)
  return button
}
