// Sends entries to one server: gathers them into batches, one for each tenant, and sends one batch
// after another until it has arrived or is given up. With a disk buffer, what waits for a server
// that takes nothing counts as delivered once it is on disk, as long as there is room for it.
#pragma once

#include "agent/client/batch.h"
#include "agent/client/disk_buffer.h"
#include "agent/config/agent_config.h"
#include "base/metrics.h"
#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/random.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace logi::agent {

class Sender;

// On one strand; requests block tasks of `executor`.
class Client {
  public:
    struct Deps {
        io::Executor& executor;
        io::Strand& strand;
        const io::Clock& clock;
        io::Random& random;
        base::Registry& metrics;
        io::FileSystem& files;
    };
    struct Events {
        // A batch takes no more entries: calls back once it may be sent.
        std::function<void(std::function<void()> may_send)> on_closed;
        // A batch has arrived or was given up.
        std::function<void()> on_done;
    };
    // kInvalidArgument for an address that is none, or for certificates that cannot be read.
    static StatusOr<std::unique_ptr<Client>> make(const ClientConfig& config,
                                                  const Deps& deps,
                                                  Events events);
    ~Client();

    // Closes the tenant's batch if `bytes` more would be too much for it.
    void make_room(const std::string& tenant, std::size_t bytes);
    // `key` tells streams apart.
    void add(const Entry& entry,
             std::string_view key,
             const std::string& tenant,
             const std::shared_ptr<Progress>& progress,
             std::uint64_t run);
    // False: nothing more should be read for now.
    [[nodiscard]] bool has_room() const { return waiting_bytes_ < kWaitingBytesMax; }
    [[nodiscard]] bool idle() const { return unfinished_ == 0 && closed_.empty(); }
    // The tenant of entries that name none.
    [[nodiscard]] const std::string& tenant() const { return config_.tenant_id; }

    // Closes all batches.
    void flush();
    // Somebody waits for what is in open batches: they go as soon as nothing is under way.
    void hurry();
    // From now on a batch that does not arrive at once is not tried again: it stays undelivered.
    void stop();
    [[nodiscard]] bool stopped() const {
        return stopping_ && closing_ == 0 && !storing_ && first_to_store() == nullptr &&
               (state_ == State::kStopped || (state_ == State::kReady && closed_.empty()));
    }

  private:
    // Of batches that are closed and not done, and of open ones.
    static constexpr std::size_t kWaitingBytesMax = 8U << 20U;

    enum class State {
        kReady,
        kSending,
        kWaiting,  // before the next try
        kStopped,  // nothing more is sent
    };

    Client(const ClientConfig& config,
           const Deps& deps,
           Events events,
           std::unique_ptr<Sender> sender,
           std::shared_ptr<DiskBuffer> buffer);
    void close(std::map<std::string, std::unique_ptr<Batch>>::iterator at);
    void close_after_wait(const std::string& tenant, std::uint64_t batch);
    void send_next();
    void flush_if_hurried();
    void on_answer(int status, const std::string& error);
    void on_unreadable(const Status& why);
    void retry();
    [[nodiscard]] std::shared_ptr<Batch> first_to_store() const;
    void store_next();
    void on_stored(const std::shared_ptr<Batch>& batch, const StatusOr<std::uint64_t>& disk_bytes);
    void remove_stored(std::uint64_t number);
    [[nodiscard]] std::string front_tenant() const;
    void finish();
    void release(Batch& batch);
    void give_up(const std::string& reason);
    [[nodiscard]] std::string labels_of(const Entry& entry) const;

    const ClientConfig config_;
    Deps deps_;
    Events events_;
    const std::shared_ptr<Sender> sender_;
    const std::string host_;
    std::map<std::string, std::unique_ptr<Batch>> open_;  // by tenant
    // In the order in which they are sent.
    struct Closed {
        std::shared_ptr<Batch> batch;  // null: it is in the buffer
        std::uint64_t number = 0;      // there
        std::uint64_t disk_bytes = 0;
    };
    std::deque<Closed> closed_;                    // may be sent
    std::shared_ptr<const StoredBatch> prepared_;  // closed_.front(), while it is sent
    const std::shared_ptr<DiskBuffer> buffer_;     // null: there is none
    std::uint64_t buffer_bytes_ = 0;
    bool storing_ = false;
    bool buffer_fails_ = false;  // until something of it has arrived
    std::size_t waiting_bytes_ = 0;
    std::uint64_t batches_ = 0;
    std::size_t unfinished_ = 0;  // batches
    std::size_t closing_ = 0;     // batches that wait for leave to be sent
    std::uint64_t failures_ = 0;  // of closed_.front()
    State state_ = State::kReady;
    bool hurried_ = false;
    bool stopping_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    base::Counter encoded_bytes_;
    base::Counter sent_bytes_;
    base::Counter sent_entries_;
    base::Gauge buffered_bytes_;
};

}  // namespace logi::agent
