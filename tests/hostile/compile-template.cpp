// A template that never ends.
// Says: instantiation
template <int N>
struct Endless {
    static const int value = Endless<N + 1>::value;
};

int main()
{
    return Endless<1>::value;
}
