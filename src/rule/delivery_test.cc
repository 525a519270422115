// Alerts and series on their way to others, over the network of this machine.
#include "rule/delivery.h"

#include "base/mutex.h"
#include "bucket/memory_bucket.h"
#include "io/executor.h"
#include "net/http_server.h"
#include "rule/write_request.h"

#include <gmock/gmock.h>

#include <future>

namespace logi::rule {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr Timestamp kTime{1'700'000'000'000'000'000};

// Answers with the statuses in turn, the last one for ever, and keeps what was taken with 200.
class Receiver {
  public:
    explicit Receiver(std::vector<int> statuses) : statuses_(std::move(statuses)) {
        auto started = net::HttpServer::start(
            {}, [this](const net::HttpRequest& request, const net::Responder& respond) {
                const base::MutexLock lock(mutex_);
                const int status = statuses_[std::min(asked_, statuses_.size() - 1)];
                ++asked_;
                if (status == 200) {
                    taken_.push_back(request);
                }
                respond({status, {}, ""});
            });
        EXPECT_TRUE(started.ok()) << started.status();
        server_ = *std::move(started);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/w"; }
    std::vector<net::HttpRequest> taken() {
        const base::MutexLock lock(mutex_);
        return taken_;
    }
    std::size_t asked() {
        const base::MutexLock lock(mutex_);
        return asked_;
    }

  private:
    base::Mutex mutex_;
    const std::vector<int> statuses_;
    std::size_t asked_ LOGI_GUARDED_BY(mutex_) = 0;
    std::vector<net::HttpRequest> taken_ LOGI_GUARDED_BY(mutex_);
    std::unique_ptr<net::HttpServer> server_;
};

std::vector<RecordedSample> samples_of(int count, double value = 1) {
    std::vector<RecordedSample> out;
    for (int i = 0; i < count; ++i) {
        out.push_back(
            {Labels::from_pairs({{"__name__", "m"}, {"i", std::to_string(i)}}), value, kTime});
    }
    return out;
}

class DeliveryTest : public testing::Test {
  protected:
    // Until it is so; the test's own time limit ends what never is.
    void wait_for(const std::function<bool()>& is_so) {
        while (!is_so()) {
            std::promise<void> passed;
            executor_.post_after(Duration::millis(5), [&passed] { passed.set_value(); });
            passed.get_future().wait();
        }
    }
    std::shared_ptr<RemoteWrite> make_write(const Receiver& receiver,
                                            std::uint64_t queue_bytes_max = 1U << 20U) {
        RemoteWriteClient config;
        config.url = receiver.url();
        config.samples_per_send_max = 10;
        config.backoff_max = Duration::millis(20);
        config.http.headers = {{"X-Mine", "yes"}};
        auto made = RemoteWrite::make({executor_, queues_, metrics_},
                                      {"t", "c", config, true, queue_bytes_max});
        EXPECT_TRUE(made.ok()) << made.status();
        return *std::move(made);
    }
    double metric(const std::string& line) {
        const std::string text = metrics_.render();
        const std::size_t at = text.find(line);
        return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size()));
    }

    bucket::MemoryBucket queues_;
    base::Registry metrics_;
    io::ThreadPool executor_{2};
};

constexpr const char* kOf = "{remote_name=\"c\",tenant=\"t\"} ";

TEST_F(DeliveryTest, SamplesAreSentAgainUntilTheyAreTaken) {
    Receiver receiver({500, 503, 429, 200});
    const auto write = make_write(receiver);
    ASSERT_TRUE(write->append(samples_of(25)).ok());
    wait_for([&] { return queues_.list("queue/t").value().empty(); });
    std::size_t bytes = 0;
    for (const net::HttpRequest& request : receiver.taken()) {
        EXPECT_EQ(request.path, "/w");
        EXPECT_EQ(request.header("X-Scope-OrgID"), "t");
        EXPECT_EQ(request.header("X-Mine"), "yes");
        EXPECT_EQ(request.header("Content-Encoding"), "snappy");
        bytes += request.body.size();
    }
    EXPECT_GT(bytes, 0U);
    wait_for([&] {
        return metric(std::string("loki_ruler_wal_prometheus_remote_storage_samples_total") +
                      kOf) == 25;
    });
    write->stop();
}

TEST_F(DeliveryTest, WhatIsRefusedIsNotSentAgain) {
    Receiver receiver({400, 200});
    const auto write = make_write(receiver);
    ASSERT_TRUE(write->append(samples_of(5)).ok());
    wait_for([&] { return queues_.list("queue/t").value().empty(); });
    EXPECT_EQ(receiver.asked(), 1U);
    wait_for([&] {
        return metric(std::string("loki_ruler_wal_prometheus_remote_storage_samples_failed_total") +
                      kOf) == 5;
    });
    write->stop();
}

TEST_F(DeliveryTest, AStartGoesOnWithTheQueueInItsOrder) {
    Receiver down({503});
    {
        const auto write = make_write(down);
        for (int i = 0; i < 4; ++i) {
            ASSERT_TRUE(write->append(samples_of(10, i)).ok());
        }
        wait_for([&] { return down.asked() > 0; });
        write->stop();
    }
    ASSERT_TRUE(queues_.put("queue/t/c/00000000000000000005", "damaged").ok());
    Receiver up({200});
    const auto write = make_write(up);
    ASSERT_TRUE(write->append(samples_of(10, 9)).ok());
    wait_for([&] { return queues_.list("queue/t").value().empty(); });
    const auto taken = up.taken();
    ASSERT_THAT(taken, SizeIs(5));
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(taken[i].body, write_request(samples_of(10, static_cast<double>(i))));
    }
    EXPECT_EQ(taken[4].body, write_request(samples_of(10, 9)));
    write->stop();
}

TEST_F(DeliveryTest, AFullQueueLosesTheOldest) {
    Receiver down({503});
    const auto write = make_write(down, 1000);
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(write->append(samples_of(5, i)).ok());
    }
    const auto left = queues_.list("queue/t").value();
    std::uint64_t bytes = 0;
    for (const auto& object : left) {
        bytes += object.size;
    }
    EXPECT_LE(bytes, 1000U);
    EXPECT_EQ(left.back().key, "queue/t/c/00000000000000000050");
    EXPECT_EQ(
        metric(std::string("loki_ruler_wal_prometheus_remote_storage_samples_dropped_total") + kOf),
        static_cast<double>(5 * (50 - left.size())));
    write->stop();
}

TEST_F(DeliveryTest, SamplesAreTheSameAfterTheQueue) {
    auto samples = samples_of(3);
    samples[1].value = stale_marker();
    samples[2].labels = Labels::from_pairs({{"a", "\xff"}});
    const std::string object = encode_samples(samples);
    const auto read = decode_samples(object);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(write_request(*read), write_request(samples));
    for (std::size_t i = 0; i < object.size(); ++i) {
        std::string damaged = object;
        damaged[i] = static_cast<char>(damaged[i] ^ 1);
        EXPECT_EQ(decode_samples(damaged).status().code(), absl::StatusCode::kDataLoss) << i;
    }
}

Alert firing(const std::string& name) {
    Alert alert;
    alert.state = AlertState::kFiring;
    alert.labels = Labels::from_pairs({{"alertname", name}, {"secret", "x"}});
    alert.active_at = kTime;
    alert.fired_at = kTime;
    alert.valid_until = kTime + Duration::minutes(4);
    return alert;
}

TEST_F(DeliveryTest, AlertsAreToldInBatches) {
    Receiver receiver({200});
    AlertmanagerConfig config;
    config.relabel = {{.regex = "secret", .action = "labeldrop"},
                      {.source_labels = {"alertname"}, .regex = "silent", .action = "drop"}};
    config.external_labels = {{"cluster", "eu"}};
    const auto notifier = Notifier::make({executor_, metrics_}, "t", receiver.url(), config);
    ASSERT_TRUE(notifier.ok()) << notifier.status();
    std::vector<Alert> alerts(100, firing("a"));
    alerts.push_back(firing("silent"));
    (*notifier)->send(alerts, "http://grafana");
    wait_for([&] {
        return metric("loki_prometheus_notifications_sent_total{alertmanager=\"" + receiver.url() +
                      "\",user=\"t\"} ") == 100;
    });
    const auto taken = receiver.taken();
    EXPECT_THAT(taken, SizeIs(2));
    EXPECT_EQ(taken.at(0).path, "/w/api/v2/alerts");
    EXPECT_THAT(taken.at(0).body,
                HasSubstr(R"([{"labels":{"alertname":"a","cluster":"eu"},"annotations":{},)"
                          R"("startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:17:20Z",)"
                          R"("generatorURL":"http://grafana"},)"));
    EXPECT_EQ(taken.at(0).body.find("secret"), std::string::npos);
}

TEST_F(DeliveryTest, AlertsThatNobodyTakesAreCounted) {
    Receiver receiver({500});
    AlertmanagerConfig config;
    config.queue_capacity = 10;
    const auto notifier = Notifier::make({executor_, metrics_}, "t", receiver.url(), config);
    ASSERT_TRUE(notifier.ok());
    (*notifier)->send(std::vector<Alert>(25, firing("a")), "");
    wait_for(
        [&] { return metric("loki_prometheus_notifications_dropped_total{user=\"t\"} ") == 25; });
    EXPECT_EQ(metric("loki_prometheus_notifications_errors_total{alertmanager=\"" + receiver.url() +
                     "\",user=\"t\"} "),
              10);
}

TEST(ExploreUrl, LeadsToGrafana) {
    EXPECT_EQ(explore_url("http://g/", "u", "a"),
              "http://g/explore?left="
              "%7B%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%2C%22datasource%22%3A%7B%22type%22%3A"
              "%22loki%22%2C%22uid%22%3A%22u%22%7D%2C%22queryType%22%3A%22range%22%2C%22expr%22%3A"
              "%22a%22%7D%5D%7D");
}

}  // namespace
}  // namespace logi::rule
