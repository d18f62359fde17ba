// The one OpenGL symbol that OpenCV's archive wants: its drawing to windows, which we never call, is reached from the
// tables of cv::Mat. As on a machine without OpenGL, there is no function of any name.
void (*glXGetProcAddressARB(const unsigned char* name))(void) {
  (void)name;
  return 0;
}
