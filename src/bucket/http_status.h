// The statuses of S3's answers that mean something to us.
#pragma once

namespace logi::bucket {

inline constexpr int kGood = 200;
inline constexpr int kNoContent = 204;
inline constexpr int kPartial = 206;
inline constexpr int kMovedPermanently = 301;
inline constexpr int kUnauthorized = 401;
inline constexpr int kForbidden = 403;
inline constexpr int kNotFound = 404;
inline constexpr int kConflict = 409;
inline constexpr int kPreconditionFailed = 412;
inline constexpr int kOutsideRange = 416;
inline constexpr int kTooMany = 429;
inline constexpr int kServerError = 500;

}  // namespace logi::bucket
