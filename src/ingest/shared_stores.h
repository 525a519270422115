// Stores over one bucket in memory, in one thread, for tests.
#pragma once

#include "bucket/faulty_bucket.h"
#include "bucket/memory_bucket.h"
#include "ingest/store.h"
#include "ingest/test_lines.h"
#include "io/sim_executor.h"
#include "io/sim_file_system.h"

#include <gtest/gtest.h>

#include <functional>

namespace logi::ingest {

using Lines = std::vector<std::string>;

class SharedStores : public testing::Test {
  protected:
    std::unique_ptr<Store> open(const std::string& writer) {
        SharedStoreOptions options;
        options.writer = writer;
        return open_store(options);
    }
    std::unique_ptr<Store> open_store(const SharedStoreOptions& shared) {
        StoreOptions options;
        options.shared = shared;
        options.open_bucket = [this]() -> StatusOr<std::unique_ptr<bucket::Bucket>> {
            auto way = std::make_unique<bucket::FaultyBucket>(network_, bucket::BucketFaults());
            way->set_filter([this](const std::string& what, const std::string& key) {
                if (before_call_) {
                    before_call_(what, key);
                }
                return absl::OkStatus();
            });
            return way;
        };
        auto store = Store::open({executor_, clock_, random_, files_, metrics_}, options);
        EXPECT_TRUE(store.ok()) << store.status();
        return *std::move(store);
    }
    int push(Store& store, const std::string& tenant, const std::string& line) {
        wire::PushRequest request;
        wire::PushStream stream;
        stream.labels = std::vector<LabelPair>{{"app", "a"}};
        request.buffers.push_back(std::make_unique<std::string>(line));
        stream.entries.push_back({clock_.now(), *request.buffers.back(), {}});
        request.streams.push_back(std::move(stream));
        int status = 0;
        store.push(tenant, std::move(request), [&](const PushOutcome& outcome) {
            status = outcome.status;
        });
        for (int i = 0; i < 100 && status == 0; ++i) {
            executor_.run_one();
        }
        return status;
    }
    void flush(Store& store) {
        store.flush([](const Status& status) { EXPECT_TRUE(status.ok()) << status; });
        executor_.run_until_idle();
    }
    std::vector<std::string> lines(Store& store, const std::string& tenant) {
        const Pinned pinned = store.pin(tenant, {Timestamp::min(), Timestamp::max()});
        missing_ = pinned.missing;
        return sorted_lines(pinned);
    }

    io::SimClock clock_{Timestamp{1'700'000'000'000'000'000}};
    io::SimExecutor executor_{1, clock_};
    io::SeededRandom random_{1};
    io::SimFileSystem files_{1};
    base::Registry metrics_;
    bucket::MemoryBucket bucket_;
    bucket::FaultyNetwork network_{bucket_, 1};
    std::vector<std::string> missing_;
    std::function<void(const std::string& what, const std::string& key)> before_call_;
};

}  // namespace logi::ingest
