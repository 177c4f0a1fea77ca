// Runs before Streamlit's own programs: where the server is, and what it lets other pages
// do. Streamlit asks for both otherwise, below the open page's own address first, and
// connects only once it has been answered.
window.__streamlit = {
  BACKEND_BASE_URL: location.origin,
  HOST_CONFIG: {
    allowedOrigins: [location.origin], blockErrorDialogs: false, enableCustomParentMessages: false,
    enforceDownloadInNewTab: false, metricsUrl: "", useExternalAuthToken: false,
  },
}
