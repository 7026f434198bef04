/*\
title: $:/plugins/biplane/hosting/saving.js
type: application/javascript
module-type: startup

What this page may do on its server, and what the person is told about it.

TiddlyWiki itself asks the server whether it may save, but tells nobody when it may not: it downloads a file then, and calls that saved.
This module listens to the requests of TiddlyWiki's own saver (core/modules/savers/put.js), so it asks nothing that is not asked anyway,
and it never lets a save end in a silent download.
\*/

'use strict'

const notice = require('$:/plugins/biplane/hosting/notice.js')

exports.name = 'biplane-saving'
exports.platforms = ['browser']
// The saver sends its first requests as soon as it is made, in "startup"; what it sends them with is there after "load-modules".
exports.after = ['load-modules']
exports.before = ['startup']
exports.synchronous = true

/** The core and its plugins hide what edits where this says "yes". */
const READ_ONLY = '$:/status/IsReadOnly'
/** How often a page that cannot reach its server looks again. */
const LOOK_AGAIN_MS = 30_000

/**
 * unknown: not asked yet; write: saves are accepted; read: this person may read; version: this page shows an earlier version; lost: there
 * is no way to save at the moment; refused: the last save was not accepted.
 */
let access = { kind: 'unknown' }
let isReadOnlyOurs = false

exports.startup = function () {
  // A copy that was opened from a disk has no server.
  if (!/^https?:$/.test(location.protocol)) return
  watchRequests()
  const saver = require('$:/core/modules/savers/put.js')
  const { create } = saver
  saver.create = (wiki) => guard(create(wiki))
  guardNavigator()
  followSyncer()
  for (const event of ['focus', 'online']) addEventListener(event, lookAgain)
  // Not for readers: all of them together would be many requests, for a change that is rare.
  setInterval(() => access.kind === 'lost' && probe(), LOOK_AGAIN_MS)
}

/** With a sync adaptor tiddlers are saved one by one, and all of this is the adaptor's. */
function isSynced() {
  return $tw.syncadaptor !== undefined
}

function pageUrl() {
  return location.toString().split('#')[0]
}

/** Sees every answer to a request for the page itself. */
function watchRequests() {
  const send = $tw.utils.httpRequest
  $tw.utils.httpRequest = function (options) {
    if (isSynced()) return send.call(this, watchSync(options))
    if (options.url !== pageUrl()) return send.call(this, options)
    const callback = (error, data, request) => {
      if (options.type === 'OPTIONS') enter(toAccess(request))
      if (options.type === 'PUT') enter(error ? { kind: 'refused', text: refusalIn(request) } : { kind: 'write' })
      options.callback(error, data, request)
    }
    return send.call(this, { ...options, callback })
  }
}

/** With a sync adaptor: it tries again by itself, and says no more than the status of what was refused. */
function watchSync(options) {
  const isChange = options.type === 'PUT' || options.type === 'DELETE'
  if (!isChange || !/(^|\/)(recipes|bags)\//.test(options.url)) return options
  const callback = (error, data, request) => {
    if (error) {
      const reason = request?.status ? refusalIn(request) : 'The server cannot be reached.'
      notice.show(`Not saved yet. ${reason} This tab keeps your changes and tries again.`, {
        isAlert: true,
        buttons: [{ label: 'Keep a copy of the tiddlers', action: keepCopy }],
      })
    } else notice.hide()
    options.callback(error, data, request)
  }
  return { ...options, callback }
}

/** With a sync adaptor: it asks what this person may do, and says so in a tiddler. */
function followSyncer() {
  $tw.wiki.addEventListener('change', (changes) => {
    if (!isSynced() || changes[READ_ONLY] === undefined) return
    isReadOnlyOurs = $tw.wiki.getTiddlerText(READ_ONLY) === 'yes'
    if (isReadOnlyOurs) notice.show('You can read this wiki, not change it.', { canHide: true })
    else notice.hide()
  })
}

/** What the answer to OPTIONS says. A server that is not ours grants as TiddlyWiki assumes, by the header `dav` alone. */
function toAccess(request) {
  const { status = 0 } = request ?? {}
  if (status < 200 || status > 299) return { kind: 'lost', text: refusalIn(request) }
  const version = request.getResponseHeader('biplane-version')
  if (version !== null) return { kind: 'version', version }
  if (!request.getResponseHeader('dav')) return { kind: 'lost', text: 'This address does not accept saves.' }
  return { kind: request.getResponseHeader('biplane-permission') === 'read' ? 'read' : 'write' }
}

/** The server's own words, which are plain text or a problem document. */
function refusalIn(request) {
  const { status = 0, responseText = '' } = request ?? {}
  if (status === 0) {
    if (self.origin === 'null') return 'This page is shown in a sandbox, from which the server cannot be reached.'
    return 'The server cannot be reached. Leave this tab open and save again later.'
  }
  try {
    return JSON.parse(responseText).detail || `The server answered ${status}.`
  } catch {
    return responseText.trim() || `The server answered ${status}.`
  }
}

function enter(next) {
  const previous = access.kind
  access = next
  setReadOnly(next.kind === 'read' || next.kind === 'version')
  tell()
  // What was changed meanwhile has waited for this.
  if (previous === 'lost' && next.kind === 'write' && loadedTag() !== undefined && $tw.saverHandler.isDirty()) {
    $tw.rootWidget.dispatchEvent({ type: 'tm-auto-save-wiki' })
  }
}

function tell() {
  const { kind, text, version } = access
  if (kind === 'read') return notice.show('You can read this wiki, not change it.', { canHide: true })
  if (kind === 'version') {
    return notice.show(
      `This is version ${version} of the wiki, not the wiki as it is now. It cannot be changed: restore it to go on from it.`,
    )
  }
  const copy = { label: 'Keep a copy of the tiddlers', action: keepCopy }
  if (kind === 'lost') {
    const advice = 'What you change is kept in this tab only, until it is closed.'
    return notice.show(`This page cannot save. ${text} ${advice}`, {
      buttons: [{ label: 'Try again', action: lookAgain }, copy],
    })
  }
  // With the time: the same words twice would look as if nothing had happened.
  if (kind === 'refused') {
    return notice.show(`${new Date().toLocaleTimeString()}: not saved. ${text}`, { isAlert: true, buttons: [copy] })
  }
  notice.hide()
}

/** A refused save stays on the screen until one succeeds. */
function lookAgain() {
  if (access.kind === 'lost' || access.kind === 'read') probe()
}

function probe(then) {
  $tw.utils.httpRequest({ url: pageUrl(), type: 'OPTIONS', callback: () => then?.() })
}

/** A saver that never says "not me": TiddlyWiki would go on to the next one, which downloads a file. */
function guard(saver) {
  if (isSynced()) return saver
  const save = saver.save
  let hasSaved = false
  saver.save = (text, method, callback) => {
    const attempt = () => {
      if (access.kind !== 'write' && access.kind !== 'refused') return notice.flash()
      saver.serverAcceptsPuts = true
      // The saver asks for the tag after the page was loaded; by then it may be that of somebody else's save.
      if (!hasSaved) saver.etag = loadedTag() ?? saver.etag
      save.call(saver, text, method, (error) => {
        // A refusal is on the screen already, without a dialogue that blocks the page.
        if (error) return
        hasSaved = true
        callback(null)
      })
    }
    if (access.kind === 'write' || access.kind === 'refused') attempt()
    else probe(attempt)
    return true
  }
  return saver
}

/** The tag of the page that this tab has loaded, of which the server told the browser; undefined where something between them ate it. */
function loadedTag() {
  const [{ serverTiming = [] } = {}] = performance.getEntriesByType('navigation')
  const tag = serverTiming.find(({ name }) => name === 'biplane-page')?.description
  return tag ? `"${tag}"` : undefined
}

/** Buttons are hidden by the style sheet beside this file; a keyboard shortcut, a link or a dropped file ends here. */
function guardNavigator() {
  const { prototype } = require('$:/core/modules/widgets/navigator.js').navigator
  for (const name of [
    'handleNewTiddlerEvent',
    'handleEditTiddlerEvent',
    'handleDeleteTiddlerEvent',
    'handleImportTiddlersEvent',
  ]) {
    const handle = prototype[name]
    prototype[name] = function (event) {
      if (!isReadOnlyOurs) return handle.call(this, event)
      notice.flash()
      return false
    }
  }
}

function setReadOnly(isReadOnly) {
  if (isReadOnly === isReadOnlyOurs) return
  isReadOnlyOurs = isReadOnly
  ignoreInDirtyTracking()
  if (isReadOnly) $tw.wiki.addTiddler({ title: READ_ONLY, text: 'yes' })
  else $tw.wiki.deleteTiddler(READ_ONLY)
}

/** Nobody is asked before leaving a page in which nothing but this has changed. */
function ignoreInDirtyTracking() {
  const handler = $tw.saverHandler
  if (handler.isReadOnlyIgnored) return
  handler.isReadOnlyIgnored = true
  const { filterFn } = handler
  handler.filterFn = function (...args) {
    return filterFn.apply(this, args).filter((title) => title !== READ_ONLY)
  }
}

/** What a person wrote, without the programs around it; every TiddlyWiki imports such a file. */
const COPY_FILTER =
  '[is[tiddler]!has[plugin-type]!prefix[$:/state/]!prefix[$:/temp/]!prefix[$:/status/]!prefix[$:/boot/]!prefix[$:/library/]!prefix[$:/HistoryList]] -[[$:/isEncrypted]]'

/** Not by TiddlyWiki's own download, which would then say that the wiki was saved. */
function keepCopy() {
  const link = document.createElement('a')
  const url = URL.createObjectURL(new Blob([$tw.wiki.getTiddlersAsJson(COPY_FILTER)], { type: 'application/json' }))
  link.href = url
  link.download = 'tiddlers.json'
  link.click()
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
