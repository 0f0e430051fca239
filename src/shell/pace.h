// Pacing and back-off of Receives. Pure: what came and how long it took go in, pauses come out.
#pragma once

#include "base/duration.h"

#include <winrm/error.h>

#include <array>
#include <optional>

namespace winrm::shell {

struct pace_options
{
    /// A host that answers without output sooner than this does not wait for output at all (Windows accepts no
    /// MaxTimeoutms below it). Back-off: the rest before the next Receive doubles from the first to the longest.
    base::milliseconds no_wait_at_all{500};
    base::milliseconds first_rest{250}, longest_rest{8'000};
    /// Before each further try, after a connection was lost or could not be made. No more tries than these in a row.
    std::array<base::milliseconds, 3> tries{base::milliseconds{0}, base::milliseconds{1'000},
                                            base::milliseconds{3'000}};
    /// Further tries after a request timed out, without a pause: the time-out was long enough.
    int silent_tries = 1;
};

class pace
{
public:
    explicit pace(const pace_options& o) : options_(o) {}

    enum class answer {
        progress,  ///< output, or the end
        timed_out, ///< the fault TimedOut
        empty      ///< an answer with nothing in it
    };
    /// @param took  from the question to the answer
    /// @return rest before the next Receive, 0 = none
    [[nodiscard]] base::milliseconds answered(answer what, base::milliseconds took);
    /// @return pause before the same Receive is asked again; nullopt: that would not help, or has been done enough
    [[nodiscard]] std::optional<base::milliseconds> failed(errc why);

private:
    pace_options options_;
    base::milliseconds next_rest_{0};
    std::size_t lost_ = 0;
    int silent_ = 0;
    bool empty_before_ = false;
};

} // namespace winrm::shell
