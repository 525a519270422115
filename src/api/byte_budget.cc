#include "api/byte_budget.h"

namespace logi::api {

ByteBudget::Ticket ByteBudget::ticket(const std::shared_ptr<State>& state, std::uint64_t bytes) {
    return Ticket(state.get(), [state, bytes](void*) { give_back(state, bytes); });
}

ByteBudget::Ticket ByteBudget::try_take(std::uint64_t bytes) {
    bytes = std::min(bytes, state_->bytes_max);
    const base::MutexLock lock(state_->mutex);
    if (!state_->waiting.empty() || bytes > state_->left) {
        return nullptr;
    }
    state_->left -= bytes;
    return ticket(state_, bytes);
}

void ByteBudget::take(std::uint64_t bytes, std::function<void(Ticket)> task) {
    {
        const base::MutexLock lock(state_->mutex);
        state_->waiting.push_back({std::min(bytes, state_->bytes_max), std::move(task)});
    }
    give_back(state_, 0);
}

void ByteBudget::give_back(const std::shared_ptr<State>& state, std::uint64_t bytes) {
    std::vector<Waiting> ready;
    {
        const base::MutexLock lock(state->mutex);
        state->left += bytes;
        while (!state->waiting.empty() && state->waiting.front().bytes <= state->left) {
            state->left -= state->waiting.front().bytes;
            ready.push_back(std::move(state->waiting.front()));
            state->waiting.pop_front();
        }
    }
    for (auto& next : ready) {
        state->executor.post(
            [task = std::move(next.task), held = ticket(state, next.bytes)] { task(held); });
    }
}

}  // namespace logi::api
