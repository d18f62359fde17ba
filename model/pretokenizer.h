// Cuts text into the pieces within which byte-level BPE merges, as GPT-2's pattern does:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// A scanner of our own: it takes time linear in the text whatever the text is.
//
// Pure, thread-safe, never blocks.
#pragma once

#include <cstddef>
#include <string_view>

namespace lqvg {

// Bytes of the first piece of `text`, which must be valid UTF-8 and not empty. The end of `text` is an end to the
// pattern too. Pieces follow one another without gaps: the next one is the first of what remains.
std::size_t FirstPieceLength(std::string_view text);

}  // namespace lqvg
