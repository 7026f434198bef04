/*\
title: $:/plugins/biplane/hosting/sandbox.js
type: application/javascript
module-type: startup

Where a deployment has no host names of their own for wikis, a page is shown in a sandbox, without an origin. TiddlyWiki's editor is a
frame into which the page looks; without an origin it may not, and there would be no editor at all. Here it is a plain text area with the
same toolbar. And TiddlyWeb's adaptor looks into the cookies before every save; here there are none, instead of an error.
\*/

'use strict'

exports.name = 'biplane-sandbox'
exports.platforms = ['browser']
// Widgets take hold of their engines when the first one is made, and "load-modules" makes one.
exports.before = ['load-modules']
exports.synchronous = true

exports.startup = function () {
  // A file that was opened from a disk has no origin either, and no sandbox.
  if (self.origin !== 'null' || !/^https?:$/.test(location.protocol)) return
  Object.defineProperty(document, 'cookie', { get: () => '', set() {} })
  const framed = require('$:/core/modules/editor/engines/framed.js')
  const { SimpleEngine } = require('$:/core/modules/editor/engines/simple.js')
  framed.FramedEngine = toPlainEngine(SimpleEngine, framed.FramedEngine.prototype)
}

/** The engine without a frame, with what the toolbar needs of the one with a frame. */
function toPlainEngine(SimpleEngine, { createTextOperation, executeTextOperation }) {
  return class extends SimpleEngine {
    createTextOperation = createTextOperation
    executeTextOperation = executeTextOperation

    constructor(options) {
      super(options)
      // In which document the toolbar's changes are made.
      this.iframeDoc = this.domNode.ownerDocument
      // The shortcuts of the toolbar's buttons.
      this.domNode.addEventListener('keydown', (event) => this.widget.handleKeydownEvent(event))
    }
  }
}
