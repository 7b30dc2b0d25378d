using CsCheck;
using InverseScope.Core.Sampling;
using InverseScope.Core.Seeds;
using InverseScope.Core.Statistics;

namespace InverseScope.Core.Tests.Sampling;

public sealed class ActivationNoiseTests
{
    // Kolmogorov–Smirnov: P(D√N > 1.95) = 0.001 under the right density, and the seeds are fixed.
    private const double KolmogorovLimit = 1.95;

    // Standard errors allowed to a mean: a right draw exceeds it with probability 6e-5.
    private const double Deviations = 4;

    public static TheoryData<int, KernelKind, double> CosineCases => new()
    {
        { 2, KernelKind.Gaussian, 0.05 },
        { 3, KernelKind.Gaussian, 0.4 },
        { 16, KernelKind.Gaussian, 0.1 },
        { 64, KernelKind.Gaussian, 0.05 },
        { 768, KernelKind.Gaussian, 0.05 },
        { 2, KernelKind.Threshold, 0.3 },
        { 3, KernelKind.Threshold, 0.9 },
        { 16, KernelKind.Threshold, 0.1 },
        { 64, KernelKind.Threshold, 0.05 },
        { 768, KernelKind.Threshold, 0.05 },
    };

    [Theory]
    [MemberData(nameof(CosineCases))]
    public void Cosine_distance_and_norm_follow_their_densities(int n, KernelKind kernel, double typical)
    {
        var noise = ActivationNoise.FromTypicalDistance(n, kernel, DistanceKind.Cosine, typical);
        var epsilon = noise.KernelEpsilon;
        var activation = Normal(n, 2);
        var length = Norm(activation);
        var count = Math.Min(20_000, 1_000_000 / n);
        var (angles, norms) = (new double[count], new double[count]);
        Repeat(noise, activation, count, (i, z) => (angles[i], norms[i]) = (AngleTo(activation, z), Norm(z) / length));

        // The threshold kernel ends where its grid does: a cell across the edge would be 1.6e-4 wide, too coarse here.
        var end = kernel == KernelKind.Threshold ? Math.Acos(1 - epsilon) : Math.PI;
        var angle = new IntegratedDensity(0, end, a => LogKernel(1 - Math.Cos(a)) + (n - 2) * Math.Log(Math.Sin(a)));
        var norm = new IntegratedDensity(0.9, 1.1, r => (n - 1) * Math.Log(r));
        Assert.InRange(Kolmogorov(angles, angle.Cumulative), 0, KolmogorovLimit);
        Assert.InRange(Kolmogorov(norms, norm.Cumulative), 0, KolmogorovLimit);
        Assert.InRange(Correlation(angles, norms) * Math.Sqrt(count), -Deviations, Deviations);
        // The density's own median is the typical distance, so the conversion is right to far below sampling error.
        Assert.Equal(0.5, angle.Cumulative(Math.Acos(1 - typical)), 1e-4);

        double LogKernel(double d) => kernel == KernelKind.Gaussian ? -d * d / (2 * epsilon * epsilon) : 0;
    }

    [Fact]
    public void The_direction_across_turns_uniformly_about_the_activation()
    {
        // ẑ = (1, 2, 2) and two axes across it, orthonormal.
        float[] activation = [1, 2, 2];
        double[] first = [0, 1 / Math.Sqrt(2), -1 / Math.Sqrt(2)];
        double[] second = [-4 / Math.Sqrt(18), 1 / Math.Sqrt(18), 1 / Math.Sqrt(18)];
        var noise = ActivationNoise.FromTypicalDistance(3, KernelKind.Gaussian, DistanceKind.Cosine, 0.1);
        var turns = new double[20_000];
        Repeat(noise, activation, turns.Length, (i, z) =>
            turns[i] = Math.Atan2(Dot(second, z), Dot(first, z)) / (2 * Math.PI) + 0.5);
        Assert.InRange(Kolmogorov(turns, t => t), 0, KolmogorovLimit);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    public void The_direction_across_has_mean_0_and_the_same_spread_every_way(int n)
    {
        var activation = Normal(n, 1);
        var length = Norm(activation);
        var unit = activation.Select(v => v / length).ToArray();
        var noise = ActivationNoise.FromTypicalDistance(n, KernelKind.Threshold, DistanceKind.Cosine, 0.2);
        const int Count = 20_000;
        var mean = new double[n];
        var moments = new double[n, n];
        Repeat(noise, activation, Count, (_, z) =>
        {
            var along = Dot(unit, z);
            var across = z.Select((v, i) => v - along * unit[i]).ToArray();
            var size = Math.Sqrt(across.Sum(v => v * v));
            for (var i = 0; i < n; i++)
            {
                mean[i] += across[i] / size / Count;
                for (var j = 0; j < n; j++)
                    moments[i, j] += across[i] * across[j] / (size * size) / Count;
            }
        });

        // A unit vector's entries and their products have a deviation below 1/√(n−1), which bounds the standard errors.
        var limit = Deviations / Math.Sqrt((n - 1.0) * Count);
        for (var i = 0; i < n; i++)
        {
            Assert.InRange(mean[i], -limit, limit);
            for (var j = 0; j < n; j++)
                Assert.Equal(((i == j ? 1 : 0) - unit[i] * unit[j]) / (n - 1), moments[i, j], limit);
        }
    }

    [Theory]
    [InlineData(DistanceKind.Euclidean)]
    [InlineData(DistanceKind.Relative)]
    public void Gaussian_noise_has_deviation_epsilon_in_every_coordinate_and_no_correlation(DistanceKind distance)
    {
        float[] activation = [3, 0, -4];
        var noise = ActivationNoise.FromKernelEpsilon(3, KernelKind.Gaussian, distance, 0.2);
        var deviation = distance == DistanceKind.Relative ? 0.2 * 5 : 0.2;
        const int Count = 20_000;
        var coordinates = Enumerable.Range(0, 3).Select(_ => new double[Count]).ToArray();
        Repeat(noise, activation, Count, (draw, z) =>
        {
            for (var i = 0; i < 3; i++)
                coordinates[i][draw] = (z[i] - activation[i]) / deviation;
        });

        for (var i = 0; i < 3; i++)
        {
            Assert.InRange(Kolmogorov(coordinates[i], SpecialFunctions.NormalCdf), 0, KolmogorovLimit);
            for (var j = 0; j < i; j++)
                Assert.InRange(Correlation(coordinates[i], coordinates[j]) * Math.Sqrt(Count), -Deviations, Deviations);
        }
    }

    [Theory]
    [InlineData(1, DistanceKind.Euclidean)]
    [InlineData(2, DistanceKind.Relative)]
    [InlineData(16, DistanceKind.Euclidean)]
    public void Threshold_noise_fills_the_ball_uniformly(int n, DistanceKind distance)
    {
        var activation = Normal(n, 3);
        var noise = ActivationNoise.FromKernelEpsilon(n, KernelKind.Threshold, distance, 0.5);
        var radius = distance == DistanceKind.Relative ? 0.5 * Norm(activation) : 0.5;
        const int Count = 10_000;
        var shares = new double[Count];
        var positive = 0;
        Repeat(noise, activation, Count, (i, z) =>
        {
            shares[i] = Math.Pow(Apart(activation, z) / radius, n);
            positive += z[0] > activation[0] ? 1 : 0;
        });

        Assert.InRange(Kolmogorov(shares, u => u), 0, KolmogorovLimit);
        Assert.InRange((positive - 0.5 * Count) / (0.5 * Math.Sqrt(Count)), -Deviations, Deviations);
    }

    [Theory]
    [InlineData(2, KernelKind.Gaussian, DistanceKind.Euclidean, 1.5)]
    [InlineData(64, KernelKind.Gaussian, DistanceKind.Euclidean, 1.5)]
    [InlineData(64, KernelKind.Gaussian, DistanceKind.Relative, 0.1)]
    [InlineData(5, KernelKind.Threshold, DistanceKind.Euclidean, 1.5)]
    [InlineData(5, KernelKind.Threshold, DistanceKind.Relative, 0.1)]
    [InlineData(2, KernelKind.Gaussian, DistanceKind.Cosine, 0.9)]
    [InlineData(64, KernelKind.Gaussian, DistanceKind.Cosine, 0.95)]
    [InlineData(64, KernelKind.Threshold, DistanceKind.Cosine, 0.1)]
    public void Half_of_the_draws_are_nearer_than_the_typical_distance(
        int n, KernelKind kernel, DistanceKind distance, double typical)
    {
        var noise = ActivationNoise.FromTypicalDistance(n, kernel, distance, typical);
        var activation = Normal(n, 2);
        const int Count = 8_000;
        var nearer = 0;
        Repeat(noise, activation, Count, (_, z) => nearer += Distance(distance, activation, z) < typical ? 1 : 0);
        Assert.Equal(typical, noise.TypicalDistance);
        Assert.InRange((nearer - 0.5 * Count) / (0.5 * Math.Sqrt(Count)), -Deviations, Deviations);
    }

    [Theory]
    // ‖r‖ is Rayleigh in two dimensions, half-normal in one; ε(1/2)^(1/n) in a ball.
    [InlineData(2, KernelKind.Gaussian, DistanceKind.Euclidean, 1.1774100225154747)]
    [InlineData(1, KernelKind.Gaussian, DistanceKind.Relative, 0.6744897501960817)]
    [InlineData(4, KernelKind.Threshold, DistanceKind.Euclidean, 0.8408964152537145)]
    // In three dimensions 1 − cos θ is uniform on a sphere, so that d has the kernel's own density on [0, 2].
    [InlineData(3, KernelKind.Threshold, DistanceKind.Cosine, 0.5)]
    [InlineData(3, KernelKind.Gaussian, DistanceKind.Cosine, 0.6744897501960817)]
    // In two dimensions the angle is uniform up to the threshold.
    [InlineData(2, KernelKind.Threshold, DistanceKind.Cosine, 0.25)]
    // One dimension has no angle.
    [InlineData(1, KernelKind.Gaussian, DistanceKind.Cosine, 0)]
    public void The_median_is_the_closed_form_where_there_is_one(
        int n, KernelKind kernel, DistanceKind distance, double ratio)
    {
        const double Epsilon = 1e-3;
        var noise = ActivationNoise.FromKernelEpsilon(n, kernel, distance, Epsilon);
        Assert.Equal(Epsilon, noise.KernelEpsilon);
        // The only one that is not the formula itself is 1 − cos(θ/2) ≈ d/4, to order ε.
        Assert.Equal(ratio, noise.TypicalDistance / Epsilon, 2e-4);
    }

    [Fact]
    public void The_volume_of_high_dimensions_pulls_the_median_far_beyond_the_kernels_epsilon()
    {
        var noise = ActivationNoise.FromKernelEpsilon(768, KernelKind.Gaussian, DistanceKind.Cosine, 0.001);
        Assert.Equal(Math.Sqrt(766 / 2.0), noise.TypicalDistance / noise.KernelEpsilon, 0.3);
    }

    [Fact]
    public void Typical_distance_and_epsilon_are_inverse_from_2_to_10000_dimensions() =>
        Gen.Select(Gen.OneOf(2, 3, 10, 1000, 10_000), Gen.Double[-6, -0.01], Gen.Enum<KernelKind>()).Sample(
            (n, exponent, kernel) =>
            {
                var typical = Math.Pow(10, exponent);
                var given = ActivationNoise.FromTypicalDistance(n, kernel, DistanceKind.Cosine, typical);
                var back = ActivationNoise.FromKernelEpsilon(n, kernel, DistanceKind.Cosine, given.KernelEpsilon);
                return Math.Abs(back.TypicalDistance / typical - 1) < 1e-8;
            },
            iter: 12);

    [Theory]
    [InlineData(2)]
    [InlineData(10_000)]
    public void Kernels_from_needle_to_flat_draw_finite_vectors_inside_the_norm_band(int n)
    {
        var activation = Normal(n, 1);
        var length = Norm(activation);
        foreach (var kernel in Enum.GetValues<KernelKind>())
        {
            foreach (var epsilon in new[] { 1e-200, 1e-12, 0.05, 1, 2, 1e9, 1e300 })
            {
                var noise = ActivationNoise.FromKernelEpsilon(n, kernel, DistanceKind.Cosine, epsilon);
                Assert.InRange(noise.TypicalDistance, double.Epsilon, 1 + 1e-6);
                Repeat(noise, activation, 3, (_, z) => Assert.InRange(Norm(z) / length, 0.9, 1.1 + 1e-6));
                if (kernel == KernelKind.Threshold)
                    Repeat(noise, activation, 3, (_, z) => Assert.InRange(Cosine(activation, z), 0, epsilon + 1e-6));
            }
        }
    }

    [Theory]
    [InlineData(KernelKind.Gaussian)]
    [InlineData(KernelKind.Threshold)]
    public void A_flat_kernel_has_the_median_of_a_random_direction(KernelKind kernel)
    {
        foreach (var n in new[] { 2, 3, 64, 10_000 })
        {
            var noise = ActivationNoise.FromKernelEpsilon(n, kernel, DistanceKind.Cosine, 1e9);
            Assert.Equal(1, noise.TypicalDistance, 1e-9);
        }
    }

    [Theory]
    [InlineData(64, KernelKind.Gaussian, 1, "the largest is below 1")]
    [InlineData(2, KernelKind.Threshold, 1.2, "the largest is below 1")]
    [InlineData(1, KernelKind.Gaussian, 0.1, "the largest is 0")]
    public void A_cosine_distance_that_no_kernel_reaches_is_refused_with_the_largest_one(
        int n, KernelKind kernel, double typical, string largest)
    {
        var error = Assert.Throws<BadInputException>(
            () => ActivationNoise.FromTypicalDistance(n, kernel, DistanceKind.Cosine, typical));
        Assert.Contains(largest, error.What, StringComparison.Ordinal);
        Assert.NotNull(error.Fix);
    }

    [Fact]
    public void In_one_dimension_the_cosine_distance_varies_the_norm_only()
    {
        var noise = ActivationNoise.FromKernelEpsilon(1, KernelKind.Gaussian, DistanceKind.Cosine, 0.05);
        var shares = new double[5_000];
        Repeat(noise, [-4f], shares.Length, (i, z) => shares[i] = (z[0] / -4f - 0.9) / 0.2);
        Assert.InRange(Kolmogorov(shares, u => u), 0, KolmogorovLimit);
    }

    [Fact]
    public void A_norm_band_of_more_than_the_norm_starts_at_0()
    {
        var noise = ActivationNoise.FromKernelEpsilon(2, KernelKind.Gaussian, DistanceKind.Cosine, 0.05, normBand: 2);
        var shares = new double[5_000];
        Repeat(noise, [3f, 4f], shares.Length, (i, z) => shares[i] = Math.Pow(Norm(z) / 15, 2));
        Assert.InRange(Kolmogorov(shares, u => u), 0, KolmogorovLimit);
    }

    [Fact]
    public void A_zero_activation_stays_unless_the_distance_is_absolute()
    {
        var zero = new float[4];
        foreach (var kernel in Enum.GetValues<KernelKind>())
        {
            foreach (var distance in Enum.GetValues<DistanceKind>())
            {
                var noise = ActivationNoise.FromKernelEpsilon(4, kernel, distance, 0.5);
                Repeat(noise, zero, 1, (_, z) => Assert.Equal(distance == DistanceKind.Euclidean, Norm(z) > 0));
            }
        }
    }

    [Theory]
    // Their squares are beyond float32 on either side.
    [InlineData(5e37f)]
    [InlineData(1e-35f)]
    public void Norms_whose_square_float32_cannot_hold_are_drawn_as_others_are(float size)
    {
        var scaled = Normal(16, 1);
        var activation = scaled.Select(v => v * size).ToArray();
        foreach (var distance in new[] { DistanceKind.Cosine, DistanceKind.Relative })
        {
            foreach (var kernel in Enum.GetValues<KernelKind>())
            {
                var noise = ActivationNoise.FromTypicalDistance(16, kernel, distance, 0.1);
                var expected = new float[16];
                noise.Draw(scaled, expected, Stream());
                Repeat(noise, activation, 1, (_, z) =>
                {
                    for (var i = 0; i < z.Length; i++)
                        Assert.Equal(expected[i], z[i] / size, 1e-5f);
                });
            }
        }
    }

    [Fact]
    public void The_same_stream_gives_the_same_draws()
    {
        var activation = Normal(16, 1);
        foreach (var kernel in Enum.GetValues<KernelKind>())
        {
            foreach (var distance in Enum.GetValues<DistanceKind>())
            {
                Assert.Equal(Draws(), Draws());

                List<float[]> Draws()
                {
                    var draws = new List<float[]>();
                    var noise = ActivationNoise.FromTypicalDistance(16, kernel, distance, 0.1);
                    Repeat(noise, activation, 3, (_, z) => draws.Add([.. z]));
                    return draws;
                }
            }
        }
    }

    [Fact]
    public void A_draw_allocates_nothing()
    {
        var (activation, noisy, random) = (Normal(64, 1), new float[64], Stream());
        foreach (var distance in Enum.GetValues<DistanceKind>())
        {
            var noise = ActivationNoise.FromKernelEpsilon(64, KernelKind.Threshold, distance, 0.1);
            noise.Draw(activation, noisy, random);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
                noise.Draw(activation, noisy, random);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [Fact]
    public void What_a_caller_got_wrong_is_refused()
    {
        var noise = ActivationNoise.FromKernelEpsilon(2, KernelKind.Gaussian, DistanceKind.Cosine, 0.1);
        var buffer = new float[3];
        Assert.Throws<ArgumentOutOfRangeException>(() => noise.Draw(new float[3], new float[2], Stream()));
        Assert.Throws<ArgumentOutOfRangeException>(() => noise.Draw(new float[2], new float[3], Stream()));
        Assert.Throws<ArgumentException>(() => noise.Draw(buffer.AsSpan(0, 2), buffer.AsSpan(1, 2), Stream()));
        Assert.Throws<ArgumentException>(() => noise.Draw([1, float.NaN], new float[2], Stream()));
        Assert.Throws<ArgumentException>(() => noise.Draw([1, float.PositiveInfinity], new float[2], Stream()));
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(0, 0.1, 0.1));
        foreach (var bad in new[] { 0, -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => Make(2, bad, 0.1));
            Assert.Throws<ArgumentOutOfRangeException>(() => Make(2, 0.1, bad));
            Assert.Throws<ArgumentOutOfRangeException>(
                () => ActivationNoise.FromTypicalDistance(2, KernelKind.Gaussian, DistanceKind.Cosine, bad));
        }

        static ActivationNoise Make(int n, double epsilon, double band) =>
            ActivationNoise.FromKernelEpsilon(n, KernelKind.Gaussian, DistanceKind.Cosine, epsilon, band);
    }

    private static RandomStream Stream() => new RunSeed(7).Stream("noise");

    private static void Repeat(ActivationNoise noise, float[] activation, int count, Action<int, float[]> see)
    {
        var (noisy, random) = (new float[activation.Length], Stream());
        for (var i = 0; i < count; i++)
        {
            noise.Draw(activation, noisy, random);
            see(i, noisy);
        }
    }

    private static float[] Normal(int n, double deviation)
    {
        var random = new RunSeed(3).Stream("activation");
        return [.. Enumerable.Range(0, n).Select(_ => (float)(deviation * random.NextNormal()))];
    }

    private static double Distance(DistanceKind kind, float[] activation, float[] z) => kind switch
    {
        DistanceKind.Cosine => Cosine(activation, z),
        DistanceKind.Euclidean => Apart(activation, z),
        _ => Apart(activation, z) / Norm(activation),
    };

    private static double Cosine(float[] activation, float[] z) => 1 - Math.Cos(AngleTo(activation, z));

    private static double Dot(double[] a, float[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Norm(float[] z)
    {
        double sum = 0;
        foreach (var v in z)
            sum += (double)v * v;
        return Math.Sqrt(sum);
    }

    private static double Apart(float[] a, float[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return Math.Sqrt(sum);
    }

    // Kahan: 2 atan2(‖a/‖a‖ − b/‖b‖‖, ‖a/‖a‖ + b/‖b‖‖), precise at small angles too.
    private static double AngleTo(float[] a, float[] b)
    {
        var (aNorm, bNorm) = (Norm(a), Norm(b));
        double apart = 0, together = 0;
        for (var i = 0; i < a.Length; i++)
        {
            var (x, y) = (a[i] / aNorm, b[i] / bNorm);
            apart += (x - y) * (x - y);
            together += (x + y) * (x + y);
        }

        return 2 * Math.Atan2(Math.Sqrt(apart), Math.Sqrt(together));
    }

    private static double Correlation(double[] a, double[] b)
    {
        var (aMean, bMean) = (a.Average(), b.Average());
        var covariance = a.Zip(b, (x, y) => (x - aMean) * (y - bMean)).Sum();
        return covariance / Math.Sqrt(a.Sum(x => (x - aMean) * (x - aMean)) * b.Sum(y => (y - bMean) * (y - bMean)));
    }

    // √N times the largest gap between the draws' distribution function and the given one.
    private static double Kolmogorov(double[] draws, Func<double, double> cumulative)
    {
        var sorted = draws.Order().ToArray();
        double gap = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            var expected = cumulative(sorted[i]);
            gap = Math.Max(gap, Math.Max(expected - (double)i / sorted.Length, (i + 1.0) / sorted.Length - expected));
        }

        return gap * Math.Sqrt(sorted.Length);
    }

    // Midpoint rule on an even grid over the whole range: nothing shared with the tables under test.
    private sealed class IntegratedDensity
    {
        private readonly double _low;
        private readonly double _step;
        private readonly double[] _cumulated = new double[20_001];

        public IntegratedDensity(double low, double high, Func<double, double> logDensity)
        {
            (_low, _step) = (low, (high - low) / 20_000);
            var logs = Enumerable.Range(0, 20_000).Select(i => logDensity(low + (i + 0.5) * _step)).ToArray();
            var peak = logs.Max();
            for (var i = 0; i < logs.Length; i++)
                _cumulated[i + 1] = _cumulated[i] + Math.Exp(logs[i] - peak);
        }

        public double Cumulative(double x)
        {
            var place = Math.Clamp((x - _low) / _step, 0, 19_999.999);
            var cell = (int)place;
            var inside = (place - cell) * (_cumulated[cell + 1] - _cumulated[cell]);
            return (_cumulated[cell] + inside) / _cumulated[20_000];
        }
    }
}
