// Errors are values: absl::Status and absl::StatusOr, and two macros that pass them on.
//
// Codes used across modules, because a caller reacts to each differently:
//   kInvalidArgument   the input is wrong; the client must change it (400)
//   kResourceExhausted a limit refuses it (429)
//   kUnavailable       disk full, journal poisoned, bucket down; retry later (503)
//   kDataLoss          stored bytes are damaged; the message names file and offset
//   kAlreadyExists, kNotFound, kFailedPrecondition   answers of bucket and catalog
//   kCancelled, kDeadlineExceeded   the request ended before its answer
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include <string_view>

namespace logi {
using absl::Status;
using absl::StatusOr;

// The message as a std::string_view, which Debian's abseil does not give. Valid as long as
// `status`.
inline std::string_view message_of(const Status& status) {
    return {status.message().data(), status.message().size()};
}
}  // namespace logi

#define LOGI_CONCAT_INNER(a, b) a##b
#define LOGI_CONCAT(a, b) LOGI_CONCAT_INNER(a, b)

// Returns the status from the enclosing function unless it is OK.
#define LOGI_RETURN_IF_ERROR(expr)                                     \
    do {                                                               \
        if (absl::Status LOGI_CONCAT(logi_status_, __LINE__) = (expr); \
            !LOGI_CONCAT(logi_status_, __LINE__).ok()) {               \
            return LOGI_CONCAT(logi_status_, __LINE__);                \
        }                                                              \
    } while (false)

// LOGI_ASSIGN_OR_RETURN(auto x, f()): assigns the value, or returns the error.
#define LOGI_ASSIGN_OR_RETURN(lhs, expr) \
    LOGI_ASSIGN_OR_RETURN_IMPL(LOGI_CONCAT(logi_or_, __LINE__), lhs, expr)
#define LOGI_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
    auto tmp = (expr);                             \
    if (!tmp.ok()) {                               \
        return std::move(tmp).status();            \
    }                                              \
    lhs = *std::move(tmp)
