// Where the process is between its start and its end, and how operators steer it.
#pragma once

#include "ingest/store.h"
#include "io/file_system.h"

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace logi::api {

// Thread-safe. The store and the files outlive it.
class Lifecycle {
  public:
    enum class State { kRunning, kStopping, kTerminated };
    // What the process does.
    struct Parts {
        bool write = true;
        bool read = true;
        bool compact = true;
        bool rule = true;
    };

    // The marker of a shutdown that is prepared lies in `marker_dir`, which may be missing;
    // `terminate` makes the process end as SIGTERM does.
    Lifecycle(ingest::Store& store,
              io::FileSystem& files,
              std::string marker_dir,
              std::function<void()> terminate,
              Parts parts)
        : store_(store),
          files_(files),
          marker_dir_(std::move(marker_dir)),
          terminate_(std::move(terminate)),
          parts_(parts) {}

    // The parts of the process by Loki's names.
    [[nodiscard]] std::vector<std::pair<std::string, State>> services() const;
    // Why the process is not to be sent requests, in Loki's words; empty: it is.
    [[nodiscard]] std::string why_not_ready() const;

    // The process ends soon.
    void set_stopping() { stopping_ = true; }

    // Takes no more pushes, for good; if `flush`, writes what has come to segments, now and when
    // the process ends. `done` after that, with the error if it cannot be written: then it may be
    // called again.
    void stop_writing(bool flush, std::function<void(Status)> done);
    // Whether what is in the journal is to be written to segments when the process ends.
    [[nodiscard]] bool flushes_at_end() const { return flushes_at_end_; }
    void terminate() const { terminate_(); }

    // Somebody wants to end the process: survives it, until it has stopped cleanly.
    Status set_prepared();
    StatusOr<bool> is_prepared();
    Status clear_prepared();

  private:
    [[nodiscard]] std::string marker() const { return marker_dir_ + "/shutdown-requested.txt"; }

    ingest::Store& store_;
    io::FileSystem& files_;
    const std::string marker_dir_;
    const std::function<void()> terminate_;
    const Parts parts_;
    std::atomic<bool> stopping_{false};
    std::atomic<State> writing_{State::kRunning};
    std::atomic<bool> flushes_at_end_{true};
};

[[nodiscard]] const char* name_of(Lifecycle::State state);

}  // namespace logi::api
