// A file that is dragged onto the list becomes a new wiki.

import { Box, Text } from '@mantine/core'
import { useRef, useState, type DragEvent, type ReactNode } from 'react'

interface DropZoneProps {
  readonly isOff?: boolean
  readonly onDrop: (file: File) => void
  readonly children: ReactNode
}

export function DropZone({ isOff = false, onDrop, children }: DropZoneProps): ReactNode {
  const [isOver, setOver] = useState(false)
  // Every child that the pointer crosses tells of entering and leaving.
  const depth = useRef(0)
  if (isOff) return children
  const move = (event: DragEvent, step: number): void => {
    if (!hasFiles(event)) return
    event.preventDefault()
    depth.current += step
    setOver(depth.current > 0)
  }
  return (
    <Box
      className="drop-zone"
      onDragEnter={(event) => move(event, 1)}
      onDragLeave={(event) => move(event, -1)}
      onDragOver={(event) => move(event, 0)}
      onDrop={(event) => {
        if (!hasFiles(event)) return
        event.preventDefault()
        depth.current = 0
        setOver(false)
        const [file] = event.dataTransfer.files
        if (file !== undefined) onDrop(file)
      }}
    >
      {children}
      {isOver && (
        <div className="drop-hint">
          <Text fw={600}>Drop the file to make a wiki of it</Text>
        </div>
      )}
    </Box>
  )
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer.types.includes('Files')
}
