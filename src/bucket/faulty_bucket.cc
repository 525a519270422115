#include "bucket/faulty_bucket.h"

#include <utility>

namespace logi::bucket {
namespace {

Status lost() {
    return absl::UnavailableError("the network has lost it");
}

}  // namespace

void FaultyNetwork::send_late(std::function<void(Bucket&)> write) {
    late_.push_back({std::move(write), clock_ == nullptr ? Timestamp() : clock_->now()});
}

void FaultyNetwork::deliver_some() {
    if (clock_ != nullptr) {
        std::erase_if(late_, [now = clock_->now(), this](const Late& late) {
            return now - late.sent > late_max_;
        });
    }
    while (!late_.empty() && random_.below(2) == 0) {
        const auto pick = static_cast<std::size_t>(random_.below(late_.size()));
        const auto write = std::move(late_[pick].write);
        late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(pick));
        write(bucket_);
    }
}

Status FaultyBucket::begin(const char* what, const std::string& key) {
    ++calls_;
    if (wait_) {
        wait_();
    }
    if (cut_) {
        return lost();
    }
    if (filter_) {
        LOGI_RETURN_IF_ERROR(filter_(what, key));
    }
    network_.deliver_some();
    if (network_.happens(faults_.lost_request)) {
        network_.count_fault();
        return lost();
    }
    return absl::OkStatus();
}

Status FaultyBucket::end() {
    if (wait_) {
        wait_();
    }
    if (cut_) {
        return lost();
    }
    if (network_.happens(faults_.lost_reply)) {
        network_.count_fault();
        return lost();
    }
    return absl::OkStatus();
}

Status FaultyBucket::write(const char* what,
                           const std::string& key,
                           const std::function<Status(Bucket&)>& write) {
    LOGI_RETURN_IF_ERROR(begin(what, key));
    const auto again = [write](Bucket& bucket) {
        write(bucket).IgnoreError();
    };
    if (network_.happens(faults_.late)) {
        network_.count_fault();
        network_.send_late(again);
        return lost();
    }
    const Status status = write(network_.bucket());
    if (network_.happens(faults_.twice)) {
        network_.count_fault();
        network_.send_late(again);
    }
    LOGI_RETURN_IF_ERROR(end());
    return status;
}

template <typename Read>
auto FaultyBucket::read(const char* what, const std::string& key, const Read& read)
    -> decltype(read(std::declval<Bucket&>())) {
    LOGI_RETURN_IF_ERROR(begin(what, key));
    auto result = read(network_.bucket());
    LOGI_RETURN_IF_ERROR(end());
    return result;
}

Status FaultyBucket::put(const std::string& key, std::string_view data) {
    return write("put", key, [key, copy = std::string(data)](Bucket& bucket) {
        return bucket.put(key, copy);
    });
}

Status FaultyBucket::put_if_absent(const std::string& key, std::string_view data) {
    const Status status =
        write("put_if_absent", key, [key, copy = std::string(data)](Bucket& bucket) {
            return bucket.put_if_absent(key, copy);
        });
    if (status.ok() && network_.happens(faults_.own_exists)) {
        network_.count_fault();
        return absl::AlreadyExistsError(key);
    }
    return status;
}

StatusOr<std::string> FaultyBucket::get(const std::string& key) {
    return read("get", key, [&](Bucket& bucket) { return bucket.get(key); });
}

StatusOr<std::string> FaultyBucket::get_range(const std::string& key,
                                              std::uint64_t offset,
                                              std::uint64_t length) {
    return read("get", key, [&](Bucket& bucket) { return bucket.get_range(key, offset, length); });
}

StatusOr<std::uint64_t> FaultyBucket::size(const std::string& key) {
    return read("size", key, [&](Bucket& bucket) { return bucket.size(key); });
}

StatusOr<std::vector<ObjectInfo>> FaultyBucket::list(const std::string& prefix) {
    auto listed = read("list", prefix, [&](Bucket& bucket) { return bucket.list(prefix); });
    if (listed.ok()) {
        for (std::size_t i = listed->size(); i > 1; --i) {
            std::swap((*listed)[i - 1], (*listed)[network_.random().below(i)]);
        }
    }
    return listed;
}

StatusOr<std::vector<std::string>> FaultyBucket::list_folders(const std::string& prefix) {
    return read("list", prefix, [&](Bucket& bucket) { return bucket.list_folders(prefix); });
}

Status FaultyBucket::remove(const std::string& key) {
    return write("remove", key, [key](Bucket& bucket) { return bucket.remove(key); });
}

}  // namespace logi::bucket
