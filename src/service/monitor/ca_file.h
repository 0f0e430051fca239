// The CA certificate of a test service, in a file for its clients.
#pragma once

#include "io/unique_fd.h"

#include <string>

namespace winrm::service::monitor {

/// ca.pem in a folder of its own; both are removed with this object. It holds a lock on the folder, so that folders
/// left by a killed service can be recognised.
class ca_file
{
public:
    ca_file() = default;
    ca_file(const ca_file&) = delete;
    ca_file& operator=(const ca_file&) = delete;
    ~ca_file();
    /// Once. @param parent  existing folder, such as "/tmp"; what killed services of this account left there is
    /// removed.
    [[nodiscard]] bool write(const std::string& parent, const std::string& pem);
    /// "" before write().
    [[nodiscard]] std::string path() const { return folder_.empty() ? std::string{} : folder_ + "/ca.pem"; }

private:
    std::string folder_;
    io::unique_fd lock_;
};

/// Removes folders with our name pattern, owned by us, whose lock is free. @return how many.
std::size_t remove_dead_ca_files(const std::string& parent);

} // namespace winrm::service::monitor
