// A map that keeps its most recently used entries within a budget of bytes, and counts what it does.
//
// Owned by a cache. Thread-safe; nothing blocks but its own lock, and values are destroyed outside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/mutex.h"

namespace lqvg::serving {

// Totals since the start, but for bytes: those held now.
struct CacheCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;
  std::uint64_t bytes = 0;
};

// `Value` is cheap to copy: a shared pointer, or a few.
template <typename Value>
class ByteLru {
 public:
  // What an entry takes beside its key and its value: its places in the list and in the map.
  static constexpr std::size_t kEntryBytes = 128;

  // With a budget of 0 nothing is kept and nothing counted.
  explicit ByteLru(std::uint64_t budget) : budget_(budget) {}
  ByteLru(const ByteLru&) = delete;
  ByteLru& operator=(const ByteLru&) = delete;

  bool enabled() const { return budget_ > 0; }

  // A value that is found is a hit, and the most recently used one. Not finding it counts nothing: see CountMiss.
  std::optional<Value> Find(std::string_view key) {
    MutexLock lock(&mutex_);
    const auto found = index_.find(ViewOf(key));
    if (found == index_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    ++counts_.hits;
    return found->second->value;
  }

  // The same, but neither a hit nor a use.
  std::optional<Value> Peek(std::string_view key) const {
    MutexLock lock(&mutex_);
    const auto found = index_.find(ViewOf(key));
    if (found == index_.end()) return std::nullopt;
    return found->second->value;
  }

  // To be called by whoever did not find a value and now computes it: what is looked up twice is missed once.
  void CountMiss() {
    MutexLock lock(&mutex_);
    if (enabled()) ++counts_.misses;
  }

  // Keeps `value`, which takes `bytes`, as the most recently used one, instead of what has the same key. Lets go of the
  // least recently used ones until the budget is kept to. An entry beyond the whole budget is not kept.
  void Insert(std::string_view key, Value value, std::size_t bytes) {
    bytes += key.size() + kEntryBytes;
    if (bytes > budget_) return;
    Entries dropped;  // destroyed after the lock is released
    MutexLock lock(&mutex_);
    if (const auto found = index_.find(ViewOf(key)); found != index_.end()) Drop(found->second, dropped);
    while (counts_.bytes + bytes > budget_) {
      Drop(std::prev(entries_.end()), dropped);
      ++counts_.evictions;
    }
    entries_.push_front({.key = std::string(key), .value = std::move(value), .bytes = bytes});
    index_.emplace(ViewOf(entries_.front().key), entries_.begin());
    counts_.bytes += bytes;
  }

  // Lets go of everything; counts no evictions.
  void Clear() {
    Entries dropped;
    MutexLock lock(&mutex_);
    index_.clear();
    dropped.swap(entries_);
    counts_.bytes = 0;
  }

  CacheCounts counts() const {
    MutexLock lock(&mutex_);
    return counts_;
  }

 private:
  struct Entry {
    std::string key;
    Value value;
    std::size_t bytes;
  };
  using Entries = std::list<Entry>;  // the most recently used one first

  static absl::string_view ViewOf(std::string_view key) { return {key.data(), key.size()}; }

  void Drop(typename Entries::iterator entry, Entries& dropped) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    index_.erase(ViewOf(entry->key));
    counts_.bytes -= entry->bytes;
    dropped.splice(dropped.begin(), entries_, entry);
  }

  const std::uint64_t budget_;
  mutable Mutex mutex_;
  Entries entries_ ABSL_GUARDED_BY(mutex_);
  // Abseil's map, because callers choose the keys and its hash is seeded. The views are of the entries' own keys.
  absl::flat_hash_map<absl::string_view, typename Entries::iterator> index_ ABSL_GUARDED_BY(mutex_);
  CacheCounts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lqvg::serving
