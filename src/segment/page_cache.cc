#include "segment/page_cache.h"

namespace logi::segment {

std::shared_ptr<const Page> PageCache::find(const Key& key) {
    const base::MutexLock lock(mutex_);
    const auto it = by_key_.find(key);
    if (it == by_key_.end()) {
        return nullptr;
    }
    items_.splice(items_.begin(), items_, it->second);
    return it->second->page;
}

void PageCache::put(const Key& key, std::shared_ptr<const Page> page) {
    const std::size_t bytes = page->memory_bytes();
    std::list<Item> dropped;  // freed without the lock
    const base::MutexLock lock(mutex_);
    if (by_key_.contains(key)) {
        return;  // another request was faster
    }
    items_.push_front({key, std::move(page), bytes});
    by_key_[key] = items_.begin();
    bytes_ += bytes;
    while (bytes_ > bytes_max_) {
        const auto last = std::prev(items_.end());
        bytes_ -= last->bytes;
        by_key_.erase(last->key);
        dropped.splice(dropped.begin(), items_, last);
    }
}

std::size_t PageCache::bytes() const {
    const base::MutexLock lock(mutex_);
    return bytes_;
}

}  // namespace logi::segment
