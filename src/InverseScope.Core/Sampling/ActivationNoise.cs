using InverseScope.Core.Seeds;

namespace InverseScope.Core.Sampling;

/// <summary>
/// Draws neighbours z' = ẑ + r of an activation ẑ with density p(r) ∝ k(d(ẑ + r, ẑ)), exactly but for a table whose
/// distribution function is right to about 1e-5 (METHOD section 2; the density of the paper's appendix B.2).
/// <para>
/// Cosine, in polar form: the angle θ to ẑ has density ∝ k(1 − cos θ) sin^(n−2) θ on [0, π], the norm ρ has density
/// ∝ ρ^(n−1) where |ρ − ‖ẑ‖| &lt; δ‖ẑ‖, and the direction across ẑ is uniform; all three are independent. Most of the
/// volume lies at long norms: for n = 64 and δ = 0.1 half of the draws are longer than 1.088 ‖ẑ‖. Euclidean: r is
/// normal with deviation ε in every coordinate (Gaussian kernel) or uniform in the ball of radius ε (threshold kernel).
/// Relative: the same with ε‖ẑ‖.
/// </para>
/// <para>
/// A kernel's ε says little about how far draws fall, because volume grows with distance: a Gaussian kernel on the
/// cosine distance puts them at about ε√((n−2)/2), on the Euclidean one at about ε√n. Hence the typical distance, which
/// is the median of d under the density above, can be given instead of ε, and both are reported.
/// </para>
/// Immutable: threads may share one, each with its own stream.
/// </summary>
public sealed class ActivationNoise
{
    // Beyond this the Gaussian kernel is flat on [0, 2] to 1e-12, and a larger ε draws the same.
    private const double FlatKernelEpsilon = 1e6;

    // Null unless the distance is cosine and there is an angle, n ≥ 2.
    private readonly TabulatedDensity? _angle;

    // ((1−δ)/(1+δ))^n, the share of the outer ball that lies inside the norm band's inner one.
    private readonly double _innerShare;

    private ActivationNoise(
        int dimensions, KernelKind kernel, DistanceKind distance, double epsilon, double? typical, double normBand)
    {
        (Dimensions, Kernel, Distance, KernelEpsilon, NormBand) = (dimensions, kernel, distance, epsilon, normBand);
        if (distance == DistanceKind.Cosine)
        {
            _innerShare = Math.Pow(Math.Max(0, 1 - normBand) / (1 + normBand), dimensions);
            _angle = dimensions == 1 ? null : Angle(dimensions, kernel, epsilon);
            TypicalDistance = typical ?? (_angle is null ? 0 : CosineDistance(_angle.Quantile(0.5)));
        }
        else
        {
            TypicalDistance = typical ?? epsilon * MedianRadius(dimensions, kernel);
        }
    }

    /// <summary>n, the width of the activations.</summary>
    public int Dimensions { get; }

    public KernelKind Kernel { get; }

    public DistanceKind Distance { get; }

    /// <summary>δ of the cosine distance's norm band, as a share of ‖ẑ‖; other distances ignore it.</summary>
    public double NormBand { get; }

    /// <summary>ε of the kernel, in units of the distance (of ‖ẑ‖ for the relative one).</summary>
    public double KernelEpsilon { get; }

    /// <summary>
    /// Median of d over draws, in units of the distance; 0 for the cosine distance in one dimension, where directions
    /// do not differ.
    /// </summary>
    public double TypicalDistance { get; }

    /// <summary>Noise for a kernel whose own ε is known.</summary>
    /// <param name="dimensions">n, at least 1. Tables are computed here, once, in the same time for every n.</param>
    /// <param name="epsilon">ε, in units of the distance; finite and above 0.</param>
    /// <param name="normBand">δ of the cosine distance, as a share of ‖ẑ‖; finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number outside its range.</exception>
    public static ActivationNoise FromKernelEpsilon(
        int dimensions, KernelKind kernel, DistanceKind distance, double epsilon, double normBand = 0.1)
    {
        Check(dimensions, normBand);
        ThrowUnlessPositive(epsilon, nameof(epsilon));
        return new ActivationNoise(dimensions, kernel, distance, epsilon, null, normBand);
    }

    /// <summary>Noise whose median distance is known; the kernel's ε follows from it.</summary>
    /// <param name="dimensions">n, at least 1.</param>
    /// <param name="typical">
    /// Median of d over draws, in units of the distance; finite and above 0, and for the cosine distance below 1, the
    /// median of a direction drawn at random.
    /// </param>
    /// <param name="normBand">δ of the cosine distance, as a share of ‖ẑ‖; finite and above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number outside its range.</exception>
    /// <exception cref="BadInputException">
    /// No ε reaches this typical distance: cosine with 1 or more, or in one dimension.
    /// </exception>
    public static ActivationNoise FromTypicalDistance(
        int dimensions, KernelKind kernel, DistanceKind distance, double typical, double normBand = 0.1)
    {
        Check(dimensions, normBand);
        ThrowUnlessPositive(typical, nameof(typical));
        var epsilon = distance == DistanceKind.Cosine
            ? CosineEpsilon(dimensions, kernel, typical)
            : typical / MedianRadius(dimensions, kernel);
        return new ActivationNoise(dimensions, kernel, distance, epsilon, typical, normBand);
    }

    /// <summary>
    /// Draws one z'. A zero ẑ has no direction and no norm to be relative to: with these two distances it is copied as
    /// it is. In one dimension the cosine distance varies the norm only; the opposite sign, at distance 2, is left out.
    /// </summary>
    /// <param name="activation">ẑ, (n), finite.</param>
    /// <param name="noisy">
    /// z', (n), written; must not overlap ẑ. Computed in double, so that nothing but an entry of z' itself beyond
    /// float32 can become infinite: with the cosine distance none can while (1+δ)‖ẑ‖ is within float32.
    /// </param>
    /// <exception cref="ArgumentException">A width other than n, an overlap, or ẑ is not finite.</exception>
    public void Draw(ReadOnlySpan<float> activation, Span<float> noisy, RandomStream random)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(activation.Length, Dimensions);
        ArgumentOutOfRangeException.ThrowIfNotEqual(noisy.Length, Dimensions);
        if (activation.Overlaps(noisy))
            throw new ArgumentException("Must not overlap the activation: it is scratch space too.", nameof(noisy));
        var norm = Math.Sqrt(Dot(activation, activation));
        if (!double.IsFinite(norm))
            throw new ArgumentException("The activation is not finite.", nameof(activation));
        if (norm == 0 && Distance != DistanceKind.Euclidean)
            activation.CopyTo(noisy);
        else if (Distance == DistanceKind.Cosine)
            DrawPolar(activation, norm, noisy, random);
        else
            DrawAround(activation, KernelEpsilon * (Distance == DistanceKind.Relative ? norm : 1), noisy, random);
    }

    private void DrawPolar(ReadOnlySpan<float> activation, double norm, Span<float> noisy, RandomStream random)
    {
        // In (0, 1]: where the inner share underflows, 0 would give a norm of 0.
        var share = 1 - random.NextDouble();
        var stretch = (1 + NormBand) * Math.Pow(_innerShare + share * (1 - _innerShare), 1.0 / Dimensions);
        if (_angle is null)
        {
            noisy[0] = (float)(stretch * activation[0]);
            return;
        }

        var angle = _angle.Quantile(random.NextDouble());
        double along, across;
        do
        {
            Fill(noisy, random);
            along = Dot(activation, noisy) / norm / norm;
            // Summed from the differences: ‖g‖² − along² would cancel where g happens to point along ẑ.
            across = 0;
            for (var i = 0; i < noisy.Length; i++)
            {
                var part = noisy[i] - along * activation[i];
                across += part * part;
            }
        }
        while (across == 0);

        // z' = ρ (cos θ ẑ/‖ẑ‖ + sin θ g⊥/‖g⊥‖) with g⊥ = g − along ẑ.
        var scale = stretch * norm * Math.Sin(angle) / Math.Sqrt(across);
        var keep = stretch * Math.Cos(angle) - scale * along;
        for (var i = 0; i < noisy.Length; i++)
            noisy[i] = (float)(keep * activation[i] + scale * noisy[i]);
    }

    private void DrawAround(ReadOnlySpan<float> activation, double epsilon, Span<float> noisy, RandomStream random)
    {
        var scale = epsilon;
        if (Kernel == KernelKind.Gaussian)
        {
            Fill(noisy, random);
        }
        else
        {
            double length;
            do
            {
                Fill(noisy, random);
                length = Math.Sqrt(Dot(noisy, noisy));
            }
            while (length == 0);
            scale *= Math.Pow(random.NextDouble(), 1.0 / Dimensions) / length;
        }

        for (var i = 0; i < noisy.Length; i++)
            noisy[i] = (float)(activation[i] + scale * noisy[i]);
    }

    private static void Fill(Span<float> values, RandomStream random)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)random.NextNormal();
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    // Median of ‖r‖/ε: of the chi distribution with n degrees of freedom, or of the ball's u^(1/n).
    private static double MedianRadius(int dimensions, KernelKind kernel)
    {
        if (kernel == KernelKind.Threshold)
            return Math.Pow(0.5, 1.0 / dimensions);
        var mode = Math.Sqrt(dimensions - 1);
        // x beyond its mode the log-density has fallen by at least x²/2.
        return new TabulatedDensity(
            r => LogPower(r, dimensions - 1) - 0.5 * r * r, mode, mode + Math.Sqrt(2 * TabulatedDensity.Depth))
            .Quantile(0.5);
    }

    // By bisection: the median grows with ε, since a larger one shifts weight outwards everywhere.
    private static double CosineEpsilon(int dimensions, KernelKind kernel, double typical)
    {
        if (dimensions == 1)
        {
            throw new BadInputException(
                $"A typical cosine distance of {typical} cannot be reached in one dimension: the largest is 0.",
                "Use the euclidean or the relative distance, or give the kernel's own epsilon.");
        }

        if (typical >= 1)
        {
            throw new BadInputException(
                $"A typical cosine distance of {typical} cannot be reached: the largest is below 1, the median of a "
                + "direction drawn at random.",
                "Give a typical distance below 1.");
        }

        var low = typical / Math.Sqrt(dimensions);
        while (Median(low) > typical)
            low /= 2;
        var high = 2 * low;
        while (Median(high) < typical && high < FlatKernelEpsilon)
            (low, high) = (high, 2 * high);
        while (high - low > 1e-11 * high)
        {
            var middle = 0.5 * (low + high);
            (low, high) = Median(middle) < typical ? (middle, high) : (low, middle);
        }

        return 0.5 * (low + high);

        double Median(double epsilon) => CosineDistance(Angle(dimensions, kernel, epsilon).Quantile(0.5));
    }

    // Density ∝ k(1 − cos θ) sin^(n−2) θ. It has one mode, which is never beyond π/2: there both factors fall.
    private static TabulatedDensity Angle(int dimensions, KernelKind kernel, double epsilon)
    {
        var power = dimensions - 2;
        if (kernel == KernelKind.Threshold)
        {
            var end = 2 * Math.Asin(Math.Min(1, Math.Sqrt(epsilon / 2)));
            return new TabulatedDensity(angle => LogPower(Math.Sin(angle), power), Math.Min(end, Math.PI / 2), end);
        }

        return new TabulatedDensity(LogDensity, Mode(), Math.PI);

        double LogDensity(double angle)
        {
            var d = CosineDistance(angle) / epsilon;
            return LogPower(Math.Sin(angle), power) - 0.5 * d * d;
        }

        // Where the slope (n−2) cot θ − (1 − cos θ) sin θ / ε² changes sign.
        double Mode()
        {
            if (power == 0)
                return 0;
            var (rising, falling) = (0.0, Math.PI / 2);
            while (falling - rising > 1e-9 * falling)
            {
                var middle = 0.5 * (rising + falling);
                var sine = Math.Sin(middle);
                var pull = CosineDistance(middle) / epsilon * (sine * sine / epsilon);
                (rising, falling) = power * Math.Cos(middle) > pull ? (middle, falling) : (rising, middle);
            }

            return falling;
        }
    }

    // 1 − cos θ, without the cancellation at small angles.
    private static double CosineDistance(double angle)
    {
        var half = Math.Sin(0.5 * angle);
        return 2 * half * half;
    }

    // ln x^power, which is 0 for power 0 even at x = 0.
    private static double LogPower(double x, int power) => power == 0 ? 0 : power * Math.Log(x);

    private static void Check(int dimensions, double normBand)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        ThrowUnlessPositive(normBand, nameof(normBand));
    }

    private static void ThrowUnlessPositive(double value, string name)
    {
        if (!(value > 0) || !double.IsFinite(value))
            throw new ArgumentOutOfRangeException(name, value, "A finite number above 0.");
    }

    /// <summary>
    /// Inverse distribution function of a density with one mode, which is known by its logarithm up to a constant.
    /// Tabulated evenly over the stretch that holds the mass, some twenty deviations or forty e-folds, and linear
    /// between: a cell is a hundredth of an e-fold or less, so the distribution function is right to about 1e-5,
    /// whatever n and ε.
    /// </summary>
    private sealed class TabulatedDensity
    {
        // Where the density is below e^−40 of its peak, a 53-bit uniform number hardly ever lands.
        public const double Depth = 40;

        private const int Cells = 4096;

        private readonly double _start;
        private readonly double _step;
        private readonly double[] _cumulated = new double[Cells + 1];

        /// <param name="logDensity">Defined on 0 .. <paramref name="end"/>, not rising away from the mode.</param>
        public TabulatedDensity(Func<double, double> logDensity, double mode, double end)
        {
            var peak = logDensity(mode);
            _start = Edge(0);
            _step = (Edge(end) - _start) / Cells;
            var left = Density(0);
            for (var i = 0; i < Cells; i++)
            {
                var right = Density(i + 1);
                _cumulated[i + 1] = _cumulated[i] + 0.5 * (left + right);
                left = right;
            }

            double Density(int point) => Math.Exp(logDensity(_start + point * _step) - peak);

            // The outermost point on the way to this limit where the density is not negligible.
            double Edge(double outer)
            {
                if (logDensity(outer) >= peak - Depth)
                    return outer;
                var inner = mode;
                while (Math.Abs(outer - inner) > 1e-9 * Math.Max(inner, outer))
                {
                    var middle = 0.5 * (inner + outer);
                    (inner, outer) = logDensity(middle) >= peak - Depth ? (middle, outer) : (inner, middle);
                }

                return inner;
            }
        }

        /// <param name="probability">In [0, 1).</param>
        public double Quantile(double probability)
        {
            var mass = probability * _cumulated[Cells];
            var (cell, above) = (0, Cells);
            while (above - cell > 1)
            {
                var middle = (cell + above) / 2;
                (cell, above) = _cumulated[middle] <= mass ? (middle, above) : (cell, middle);
            }

            var inside = (mass - _cumulated[cell]) / (_cumulated[above] - _cumulated[cell]);
            return _start + (cell + inside) * _step;
        }
    }
}
