// The CA certificate of a test service, where its clients find it.
#pragma once

#include "io/unique_fd.h"

#include <string>

namespace winrm::service::monitor {

/// ca.pem in a folder of its own; both go with this object. While it lives it holds a lock on the folder, so that what
/// a killed service left behind can be told from what is in use.
class ca_file
{
public:
    ca_file() = default;
    ca_file(const ca_file&) = delete;
    ca_file& operator=(const ca_file&) = delete;
    ~ca_file();
    /// Once. @param place  existing folder, as "/tmp"; what dead services of this account left there is removed.
    [[nodiscard]] bool write(const std::string& place, const std::string& pem);
    /// "" before write().
    [[nodiscard]] std::string path() const { return folder_.empty() ? std::string{} : folder_ + "/ca.pem"; }

private:
    std::string folder_;
    io::unique_fd lock_;
};

/// Removes folders of our name, owned by us, that nobody holds the lock of. @return how many.
std::size_t remove_dead_ca_files(const std::string& place);

} // namespace winrm::service::monitor
